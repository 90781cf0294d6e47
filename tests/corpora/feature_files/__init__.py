"""Tests of `corpora/feature_files`."""
