"""Searches in MLflow: a run for each, and below it a run for each candidate."""
