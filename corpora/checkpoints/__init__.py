"""Checkpoints of `transformers` encoders: where they are, what they read, how they load."""
