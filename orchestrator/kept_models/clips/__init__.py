"""Clips outside any corpus: what is said in them, what a kept model predicts, and why."""
