"""The training loop: no Ray, no MLflow, no disk."""
