"""Frozen states of pretrained encoders, in batches of similar length."""
