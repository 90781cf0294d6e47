"""Tests of `corpora/checkpoints`."""
