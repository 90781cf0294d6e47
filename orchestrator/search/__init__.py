"""Searches of a space: Optuna proposes candidates, trials train them, Optuna gets the scores."""
