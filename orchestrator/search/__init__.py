"""Searches of a space: candidates asked of Optuna, trained as trials, told back."""
