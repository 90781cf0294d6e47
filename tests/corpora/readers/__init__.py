"""Tests of `corpora/readers`."""
