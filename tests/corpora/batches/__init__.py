"""Tests of `corpora/batches`."""
