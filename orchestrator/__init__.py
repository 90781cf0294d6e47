"""From a study to its trained trials: plans, the training loop, Ray Tune, MLflow, the commands."""
