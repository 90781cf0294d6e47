"""FE2E and MESM (Dai et al., NAACL 2021), at all scales."""

from models.configs.dai import (
    DaiAudioConfig,
    DaiTextConfig,
    DaiVisionConfig,
    Fe2eConfig,
    MesmConfig,
    TemporalConfig,
)
from search_spaces.study import ANY_CORPUS, Baseline
from search_spaces.systems.small import SMALL_ALBERT, SMALL_TRAINING
from search_spaces.systems.tiny import TINY_ALBERT, TINY_TRAINING
from search_spaces.training import TrainingConfig
from search_spaces.trial import TrialConfig

TRAINING = TrainingConfig(
    max_epochs=40,
    patience=6,
    batch_size=8,
    learning_rate=5e-5,
    pretrained_learning_rate=5e-6,
    schedule="constant",
)
"""The training of FE2E; only the command for IEMOCAP is published, and CMU-MOSEI uses it too."""

TINY_TEXT = DaiTextConfig(weights="random", sizes=TINY_ALBERT)
TINY_AUDIO = DaiAudioConfig(pool=(4, 1), base_channels=4, projection_hidden=64, log_mel=True)
TINY_VISION = DaiVisionConfig(base_channels=4, projection_hidden=64)
TINY_TEMPORAL = TemporalConfig(depth=1, feed_forward=128, dropout=0.0)

SMALL_TEXT = DaiTextConfig(weights="random", sizes=SMALL_ALBERT)
SMALL_AUDIO = TINY_AUDIO.model_copy(update={"base_channels": 8, "projection_hidden": 128})
SMALL_VISION = TINY_VISION.model_copy(update={"base_channels": 8, "projection_hidden": 128})
SMALL_TEMPORAL = TemporalConfig(depth=2, feed_forward=256)

MESM_CHANNELS = {"base_channels": 8}
SMALL_MESM_CHANNELS = {"base_channels": 16}
"""Twice those of FE2E: the text hides a part of what its CNNs see."""

FE2E: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=Fe2eConfig(), training=TRAINING)},
    "small": {
        ANY_CORPUS: TrialConfig(
            model=Fe2eConfig(
                temporal=SMALL_TEMPORAL, text=SMALL_TEXT, audio=SMALL_AUDIO, vision=SMALL_VISION
            ),
            training=SMALL_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=Fe2eConfig(
                width=32,
                temporal=TINY_TEMPORAL,
                text=TINY_TEXT,
                audio=TINY_AUDIO,
                vision=TINY_VISION,
            ),
            training=TINY_TRAINING,
        )
    },
}

MESM: Baseline = {
    "paper": {
        ANY_CORPUS: TrialConfig(
            model=MesmConfig(), training=TRAINING.model_copy(update={"batch_size": 2})
        )
    },
    "small": {
        ANY_CORPUS: TrialConfig(
            model=MesmConfig(
                temporal=SMALL_TEMPORAL,
                text=SMALL_TEXT,
                audio=SMALL_AUDIO.model_copy(update=SMALL_MESM_CHANNELS),
                vision=SMALL_VISION.model_copy(update=SMALL_MESM_CHANNELS),
            ),
            training=SMALL_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=MesmConfig(
                width=32,
                temporal=TINY_TEMPORAL,
                text=TINY_TEXT,
                audio=TINY_AUDIO.model_copy(update=MESM_CHANNELS),
                vision=TINY_VISION.model_copy(update=MESM_CHANNELS),
            ),
            training=TINY_TRAINING,
        )
    },
}
