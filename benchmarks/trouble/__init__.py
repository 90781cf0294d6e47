"""Parts that `benchmarks.corruption` and `benchmarks.faults` share."""
