"""Tests of `reports/model_figures`."""
