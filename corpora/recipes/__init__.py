"""Recipes: the named settings by which media become model inputs, and the columns of these."""
