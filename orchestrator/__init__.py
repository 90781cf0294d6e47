"""Study to plan to trained trials: the training loop, Ray Tune, MLflow and the command line."""
