"""Tests of `reports/given`."""
