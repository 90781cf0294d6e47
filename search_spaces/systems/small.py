"""What the small scale of all systems shares: sizes and training for own clips, minutes a trial."""

from models.configs.text import AlbertSizes, BertSizes
from search_spaces.systems.tiny import TINY_TRAINING

SMALL_ALBERT = AlbertSizes(
    vocabulary=1024, embedding=128, hidden=256, num_layers=3, num_heads=4, feed_forward=512
)
SMALL_BERT = BertSizes(
    vocabulary=1024, hidden=256, num_layers=3, num_heads=4, feed_forward=512, dropout=0.0
)

SMALL_TRAINING = TINY_TRAINING.model_copy(
    update={"max_epochs": 15, "learning_rate": 5e-4, "pretrained_learning_rate": 5e-4}
)
"""The training of every system that reads pictures, but for Le et al.'s, whose depth needs more."""
