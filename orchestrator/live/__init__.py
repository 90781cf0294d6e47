"""A sweep while it runs: its state, the time left, and how both are shown here and elsewhere."""
