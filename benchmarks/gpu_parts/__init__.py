"""The parts of `benchmarks.gpu`, one in each file; each runs in a process of its own."""
