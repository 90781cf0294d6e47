"""Tests of `corpora/synthetic`."""
