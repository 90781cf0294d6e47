"""The baselines that read hand-crafted features, at all scales.

Where Dai et al. (NAACL 2021) publish no schedule for their runs, the rate is constant.
"""

from models.configs.bimha import BimhaConfig
from models.configs.emoembs import EmoEmbsConfig, EmotionVectors, HiddenConfig
from models.configs.late_fusion import HeadsConfig, LfLstmConfig, LfTransformerConfig
from models.configs.mult import MultConfig
from search_spaces.study import ANY_CORPUS, Baseline
from search_spaces.systems.small import SMALL_TRAINING
from search_spaces.systems.tiny import TINY_TRAINING
from search_spaces.training import TrainingConfig
from search_spaces.trial import TrialConfig

LATE_FUSION_TRAINING = TrainingConfig(
    max_epochs=60,
    patience=8,
    batch_size=32,
    learning_rate=5e-4,
    schedule="constant",
    clip_norm=2.0,
)
EMOEMBS_TRAINING = TrainingConfig(
    max_epochs=100,
    patience=8,
    batch_size=64,
    learning_rate=1e-3,
    schedule="plateau",
    clip_norm=1.0,
)
MULT_TRAINING = TrainingConfig(
    max_epochs=40,
    patience=8,
    batch_size=32,
    learning_rate=1e-3,
    schedule="constant",
    clip_norm=0.8,
)
TINY_FEATURE_TRAINING = TINY_TRAINING.model_copy(update={"max_epochs": 10})
SMALL_FEATURE_TRAINING = SMALL_TRAINING.model_copy(update={"max_epochs": 30})
"""Longer than the training of systems that read pictures, because these epochs cost little."""

LF_LSTM: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=LfLstmConfig(), training=LATE_FUSION_TRAINING)},
    "small": {ANY_CORPUS: TrialConfig(model=LfLstmConfig(), training=SMALL_FEATURE_TRAINING)},
    "tiny": {ANY_CORPUS: TrialConfig(model=LfLstmConfig(), training=TINY_FEATURE_TRAINING)},
}

LF_TRANSFORMER: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=LfTransformerConfig(), training=LATE_FUSION_TRAINING)},
    "small": {
        ANY_CORPUS: TrialConfig(
            model=LfTransformerConfig(
                heads=HeadsConfig(text="auto", audio="auto", vision="auto"), feed_forward=256
            ),
            training=SMALL_FEATURE_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=LfTransformerConfig(
                heads=HeadsConfig(text="auto", audio="auto", vision="auto"),
                feed_forward=128,
                dropout=0.0,
            ),
            training=TINY_FEATURE_TRAINING,
        )
    },
}

EMOEMBS: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=EmoEmbsConfig(), training=EMOEMBS_TRAINING)},
    "small": {
        ANY_CORPUS: TrialConfig(
            model=EmoEmbsConfig(
                text=EmotionVectors(weights="random"),
                hidden=HiddenConfig(text=64, audio=64, vision=64),
            ),
            training=SMALL_FEATURE_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=EmoEmbsConfig(
                text=EmotionVectors(weights="random"),
                hidden=HiddenConfig(text=32, audio=32, vision=32),
                num_layers=1,
            ),
            training=TINY_FEATURE_TRAINING,
        )
    },
}

MULT: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=MultConfig(), training=MULT_TRAINING)},
    "small": {
        ANY_CORPUS: TrialConfig(
            model=MultConfig(width=32, num_heads=4, depth=2, memory_depth=2),
            training=SMALL_FEATURE_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=MultConfig(width=16, num_heads=4, depth=1, memory_depth=1),
            training=TINY_FEATURE_TRAINING,
        )
    },
}

BIMHA: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=BimhaConfig(), training=LATE_FUSION_TRAINING)},
    "small": {
        ANY_CORPUS: TrialConfig(
            model=BimhaConfig(text_hidden=64, pair_width=64, hidden=64),
            training=SMALL_FEATURE_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=BimhaConfig(text_hidden=32, width=16, pair_width=32, hidden=32),
            training=TINY_FEATURE_TRAINING,
        )
    },
}
