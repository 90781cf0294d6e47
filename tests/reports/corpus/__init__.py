"""Tests of the views of a corpus."""
