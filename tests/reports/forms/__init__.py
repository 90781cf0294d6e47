"""Tests of the forms of a table."""
