"""Verdicts on claims: evidence, judgement, and which claims a number of seeds can decide."""
