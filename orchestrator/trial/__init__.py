"""One trial from its start to its record: corpus, checkpoints, memory, the kept model."""
