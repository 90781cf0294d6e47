"""Spaces that a search can go through by name."""
