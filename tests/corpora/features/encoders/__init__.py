"""Tests of `corpora/features/encoders`."""
