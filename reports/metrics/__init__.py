"""How each metric is computed."""
