"""Preparation: every clip is decoded once, part by part, for all recipes."""
