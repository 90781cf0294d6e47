"""Checks of published numbers alone, without training anything."""
