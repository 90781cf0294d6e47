"""Tests of `reports/scores`."""
