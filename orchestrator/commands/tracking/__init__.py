"""The commands about MLflow."""
