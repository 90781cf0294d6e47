"""Pretrained weights: where their files are, and what these hash to."""
