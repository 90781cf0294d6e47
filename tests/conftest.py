"""What holds for all tests."""

import os

# Sweeps of tests train two or four short trials: measuring them first would take longer. Those
# that are about measuring say `--measure`.
os.environ.setdefault("MMER_SWEEP_MEASURE", "0")
