"""Studies in MLflow: a run for each, and below it a run for each trial."""
