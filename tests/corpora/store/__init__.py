"""Tests of `corpora/store`."""
