"""Parts that encoders, fusions and systems are made of."""
