"""What `benchmarks.gpu` measures, a part a file; each runs in a process of its own."""
