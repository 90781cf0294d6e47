"""Finds, makes, prepares (on Ray) and shows the corpora that commands ask for."""
