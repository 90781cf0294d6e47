"""Tests of the forms of a prediction."""
