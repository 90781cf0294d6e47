"""Tests of what a search shows."""
