"""Benchmarks: one file for each question. README.md has the results."""
