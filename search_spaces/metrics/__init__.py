"""Metrics as data: what each is called, which way it is better, and what it is computed from."""
