"""Tests of `reports/printed`."""
