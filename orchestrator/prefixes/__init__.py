"""Frozen prefixes: what never changes of a picture is computed once, and stored for all trials."""
