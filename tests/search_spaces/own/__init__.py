"""Tests of `search_spaces/own`."""
