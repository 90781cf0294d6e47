"""Tests of `corpora/mosei`."""
