"""Statistics of an ablation, on plain arrays: intervals, tests, bootstrap, power."""
