"""Kept models: chosen, loaded again, and what they predict and attend to."""
