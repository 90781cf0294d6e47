"""One trial from start to record: corpus, checkpoints, memory, the kept model."""
