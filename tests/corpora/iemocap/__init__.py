"""Tests of `corpora/iemocap`."""
