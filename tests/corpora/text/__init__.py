"""Tests of `corpora/text`."""
