"""What the tiny scale of all systems shares: sizes and training for a CPU, in seconds a trial."""

from models.configs.text import AlbertSizes, BertSizes
from search_spaces.training import TrainingConfig

TINY_ALBERT = AlbertSizes(
    vocabulary=512, embedding=256, hidden=256, num_layers=1, num_heads=4, feed_forward=256
)
TINY_BERT = BertSizes(
    vocabulary=512, hidden=256, num_layers=1, num_heads=4, feed_forward=256, dropout=0.0
)

TINY_TRAINING = TrainingConfig(
    max_epochs=6,
    batch_size=8,
    learning_rate=1e-3,
    pretrained_learning_rate=1e-3,
    warmup=0.1,
    clip_norm=1.0,
    precision="fp32",
)
"""The training of every system that reads pictures, but for Le et al.'s, whose depth needs more."""
