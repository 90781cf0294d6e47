"""MLflow's addresses, who named them, and what waits for them; nothing here loads MLflow."""
