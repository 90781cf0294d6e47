"""Configs of every system: frozen, typed, torch-free."""
