"""Recipes: the named settings by which media become what a model reads."""
