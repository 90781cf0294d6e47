"""Real sweeps in trouble: what hits them, and what is there afterwards."""
