"""Tests of `corpora/preparation`."""
