"""Tests of `search_spaces.spaces`."""
