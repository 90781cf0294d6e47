"""Scores that others made: from a file of theirs to tables and verdicts as of our own trials."""
