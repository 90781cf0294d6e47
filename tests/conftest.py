"""What holds for all tests."""

import os

# Sweeps of tests train two or four short trials: measuring them first would take longer. One that
# is about measuring says `--measure`.
os.environ.setdefault("MMER_SWEEP_MEASURE", "0")

# Test processes already fill the cores. More threads than cores wait for each other in busy loops,
# which costs ten times the time of the work.
os.environ.setdefault("OMP_NUM_THREADS", "1")
