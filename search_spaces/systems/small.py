"""What the small scale of all systems shares: sizes and training for results on own clips.

But for its vocabulary, Le et al.'s text is as large as at the tiny scale.
"""

from search_spaces.systems.tiny import TINY_ALBERT, TINY_BERT, TINY_TRAINING

SMALL_ALBERT = TINY_ALBERT.model_copy(update={"vocabulary": 1024})
SMALL_BERT = TINY_BERT.model_copy(update={"vocabulary": 1024, "hidden": 128, "num_layers": 2})

SMALL_TRAINING = TINY_TRAINING.model_copy(
    update={"max_epochs": 10, "learning_rate": 5e-4, "pretrained_learning_rate": 5e-4}
)
"""Longer and with smaller steps, because the models are wider; it is that of all but features."""
