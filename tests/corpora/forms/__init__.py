"""Tests of `corpora/forms`."""
