"""MER-SEM-MBT (Xia et al. 2022) and CMHA, which it compares with, at all scales."""

from models.configs.cmha import CmhaConfig
from models.configs.conv import ResnetConfig, VggishConfig
from models.configs.text import BertConfig
from models.configs.xia import LayerConfig, XiaAudioConfig, XiaConfig, XiaVisionConfig
from search_spaces.study import ANY_CORPUS, Baseline
from search_spaces.systems.small import SMALL_BERT, SMALL_TRAINING
from search_spaces.systems.tiny import TINY_BERT, TINY_TRAINING
from search_spaces.training import TrainingConfig
from search_spaces.trial import TrialConfig

TRAINING = TrainingConfig(
    max_epochs=40,
    patience=6,
    batch_size=8,
    learning_rate=1e-4,
    pretrained_learning_rate=1e-5,
    schedule="constant",
)
"""The paper states the rates and the batch size; epochs and patience are ours."""

ONE_A_GROUP = (1, 1, 1, 1)
"""A convolution or a block a group: deeper encoders need more steps than the tiny scale has."""

TINY_TEXT = BertConfig(weights="random", sizes=TINY_BERT)
TINY_AUDIO = XiaAudioConfig(
    weights="random",
    frozen=(),
    base_channels=8,
    convs_per_group=ONE_A_GROUP,
    pool=(2, 1),
    hidden=64,
    embedding=32,
)
TINY_VISION = XiaVisionConfig(
    weights="random", frozen=(), base_channels=16, blocks_per_group=ONE_A_GROUP, pool=(4, 4)
)

SMALL_TEXT = BertConfig(weights="random", sizes=SMALL_BERT)
SMALL_AUDIO = XiaAudioConfig(
    weights="random", frozen=(), base_channels=16, pool=(2, 1), hidden=128, embedding=64
)
SMALL_VISION = XiaVisionConfig(weights="random", frozen=(), base_channels=16, pool=(4, 4))

XIA: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=XiaConfig(), training=TRAINING)},
    "small": {
        ANY_CORPUS: TrialConfig(
            model=XiaConfig(
                layer=LayerConfig(num_heads=4, feed_forward=128),
                text=SMALL_TEXT,
                audio=SMALL_AUDIO,
                vision=SMALL_VISION,
            ),
            training=SMALL_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=XiaConfig(
                layer=LayerConfig(num_heads=4, feed_forward=64, dropout=0.0),
                text=TINY_TEXT,
                audio=TINY_AUDIO,
                vision=TINY_VISION,
                mlp_hidden=128,
                mlp_dropout=0.0,
            ),
            training=TINY_TRAINING,
        )
    },
}

CMHA: Baseline = {
    "paper": {ANY_CORPUS: TrialConfig(model=CmhaConfig(), training=TRAINING)},
    "small": {
        ANY_CORPUS: TrialConfig(
            model=CmhaConfig(
                num_heads=4,
                text=SMALL_TEXT,
                audio=VggishConfig(**SMALL_AUDIO.model_dump(exclude={"sem_after"})),
                vision=ResnetConfig(**SMALL_VISION.model_dump(exclude={"sem_after"})),
            ),
            training=SMALL_TRAINING,
        )
    },
    "tiny": {
        ANY_CORPUS: TrialConfig(
            model=CmhaConfig(
                width=32,
                num_heads=4,
                dropout=0.0,
                hidden=32,
                text=TINY_TEXT,
                audio=VggishConfig(**TINY_AUDIO.model_dump(exclude={"sem_after"})),
                vision=ResnetConfig(**TINY_VISION.model_dump(exclude={"sem_after"})),
            ),
            training=TINY_TRAINING,
        )
    },
}
