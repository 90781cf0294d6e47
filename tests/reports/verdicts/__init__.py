"""Tests of `reports/verdicts`."""
