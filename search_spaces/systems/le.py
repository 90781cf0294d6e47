"""The model of Le et al. (IEEE Access), at all scales."""

from models.configs.le import (
    AudioConfig,
    EmotionDecoder,
    LayerConfig,
    LeConfig,
    LeTextConfig,
    TransformerFusion,
    VisionConfig,
)
from search_spaces.change import apply_change
from search_spaces.study import ANY_CORPUS, Baseline
from search_spaces.systems.small import SMALL_ALBERT, SMALL_TRAINING
from search_spaces.systems.tiny import TINY_ALBERT, TINY_TRAINING
from search_spaces.training import TrainingConfig
from search_spaces.trial import TrialConfig

IEMOCAP = TrialConfig()
"""The full model with the best depth on IEMOCAP: two layers everywhere."""

MOSEI = TrialConfig(
    model=LeConfig(
        audio=AudioConfig(depth=4),
        vision=VisionConfig(depth=4),
        fusion=TransformerFusion(depth=4),
        head=EmotionDecoder(depth=4),
    ),
    training=TrainingConfig(max_epochs=10),
)
"""The full model with the best depth on CMU-MOSEI: four layers everywhere."""

TINY_LE_TRAINING = TINY_TRAINING.model_copy(
    update={
        "batch_size": 10,
        "learning_rate": 6e-4,
        "pretrained_learning_rate": 6e-4,
    }
)
"""Smaller steps: up to 16 post-norm layers, one after the other, do not learn at 1e-3."""

TINY_CONVS = (1, 1, 1, 1, 1)
"""One convolution a group: the sixteen of VGG19 need more steps than this scale has."""

TINY = TrialConfig(
    model=LeConfig(
        width=32,
        layer=LayerConfig(feed_forward=64, dropout=0.0),
        text=LeTextConfig(weights="random", sizes=TINY_ALBERT, projection_hidden=256),
        audio=AudioConfig(
            pool=(4, 1),
            base_channels=8,
            convs_per_group=TINY_CONVS,
            projection_hidden=64,
            log_mel=True,
        ),
        vision=VisionConfig(
            pool=(2, 2), base_channels=8, convs_per_group=TINY_CONVS, projection_hidden=64
        ),
    ),
    training=TINY_LE_TRAINING,
)
"""The same architecture, narrower, with fewer convolutions and on smaller pictures, for a CPU."""

SMALL = apply_change(
    TINY,
    {
        "model.width": 64,
        "model.layer.feed_forward": 256,
        "model.text.sizes": SMALL_ALBERT.model_dump(),
        "model.text.projection_hidden": 128,
        "model.audio.base_channels": 16,
        "model.audio.projection_hidden": 128,
        "model.vision.base_channels": 16,
        "model.vision.projection_hidden": 128,
        "training": SMALL_TRAINING.model_dump() | {"batch_size": 10},
    },
)
"""Twice as wide and trained for longer, for results on own clips.

With the convolutions of VGG11 and three layers of text, 256 wide, it learnt 450 clips by heart.
"""

LE: Baseline = {
    "paper": {"mosei": MOSEI, ANY_CORPUS: IEMOCAP},
    "small": {ANY_CORPUS: SMALL},
    "tiny": {ANY_CORPUS: TINY},
}

RELEASED_TRAINING = TrainingConfig(
    max_epochs=30,
    learning_rate=5e-5,
    pretrained_learning_rate=5e-6,
    schedule="constant",
    patience=5,
)
"""The training of the released code, by the command of its README, on both corpora."""


def trained_as_released(config: TrialConfig) -> TrialConfig:
    """Give a smaller config the same differences: 30 epochs to 25, a tenth of the rates.

    A constant rate still begins with the warm-up of the config.
    """
    training = config.training
    differences = {
        "max_epochs": round(1.2 * training.max_epochs),
        "learning_rate": round(training.learning_rate / 10, 8),
        "pretrained_learning_rate": round(training.pretrained_learning_rate / 10, 8),
        "schedule": "constant",
        "patience": 5,
    }
    return config.model_copy(update={"training": training.model_copy(update=differences)})


LE_RELEASED_TRAINING: Baseline = {
    "paper": {
        "mosei": MOSEI.model_copy(update={"training": RELEASED_TRAINING}),
        ANY_CORPUS: IEMOCAP.model_copy(update={"training": RELEASED_TRAINING}),
    },
    "small": {ANY_CORPUS: trained_as_released(SMALL)},
    "tiny": {ANY_CORPUS: trained_as_released(TINY)},
}
"""The printed model, trained as the released code trains."""
