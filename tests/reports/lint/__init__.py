"""Tests of the checks of published numbers."""
