"""Verdicts on claims: evidence, judgement, and what a number of seeds can decide."""
