"""The floors of a corpus: what a constant and a linear classifier reach on it."""
