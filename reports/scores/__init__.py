"""Scores: from the predictions of trials to the cells of a table."""
