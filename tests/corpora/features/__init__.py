"""Tests of `corpora/features`."""
