"""Tests of `corpora/source`."""
