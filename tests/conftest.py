"""What holds for all tests."""

import os

# Sweeps of tests train two or four short trials: measuring them first would take longer. One that
# is about measuring says `--measure`.
os.environ.setdefault("MMER_SWEEP_MEASURE", "0")
