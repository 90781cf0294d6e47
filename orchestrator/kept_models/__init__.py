"""Kept models: chooses and loads them, and reads their predictions and attention."""
