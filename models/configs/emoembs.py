"""EmoEmbs (Dai et al., AACL 2020): emotions as the vectors of the words that name them."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import PositiveInt

from models.configs.base import Config, Modality, PretrainedConfig, Rate
from models.configs.features import LateFusionConfig

EMOTION_WORDS = {
    "ang": "angry",
    "exc": "exciting",
    "fru": "frustrating",
    "hap": "happy",
    "neu": "neutral",
    "sad": "sad",
}
"""Where a corpus abbreviates an emotion (IEMOCAP): the word that the paper's code base looks up."""


def emotion_word(emotion: str) -> str:
    """Return the word whose vector stands for an emotion: mostly its name."""
    return EMOTION_WORDS.get(emotion, emotion)


class HiddenConfig(Config):
    """The length of the state of each modality; that of `text` is the length of word vectors."""

    text: PositiveInt = 300
    audio: PositiveInt = 200
    vision: PositiveInt = 100


class EmotionVectors(PretrainedConfig):
    """The fixed vectors of the emotions' words.

    `weights` is a file in GloVe's format, packed or not, or "random": a word then has the same
    random vector in every trial.
    """

    architecture: ClassVar[str] = "glove"

    weights: str = "glove.840B.300d.zip"


class EmoEmbsConfig(LateFusionConfig):
    """Bidirectional LSTMs, whose states are compared with vectors of the emotions' words.

    `compat_dai_padding` counts the padding of a batch as steps, as the paper's code base does: then
    the state is read at the last step of the padding, and the output depends on the batch. That
    code base also chooses the epoch by mean WAcc (CMU-MOSEI) or mean accuracy (IEMOCAP) at fixed
    thresholds: see `selection` and `thresholds` of the training.
    """

    system: Literal["emoembs"] = "emoembs"
    text: EmotionVectors = EmotionVectors()
    hidden: HiddenConfig = HiddenConfig()
    num_layers: PositiveInt = 2
    dropout: Rate = 0.15
    compat_dai_padding: bool = False

    @property
    def neighbours_matter(self) -> bool:
        """Whether padding counts as steps; the longest utterance decides its length."""
        return self.compat_dai_padding

    @property
    def encoders(self) -> Mapping[Modality, Config]:
        """The vectors of words, with which all modalities are compared."""
        return {"text": self.text}
