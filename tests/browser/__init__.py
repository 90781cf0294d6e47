"""Tests that look at a page in a browser."""
