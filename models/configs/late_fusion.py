"""LF-LSTM and LF-TRANS, the late fusion baselines of Dai et al. (NAACL 2021).

Defaults are those of the paper's code base. In both, `compat_dai_padding` counts the padding of a
batch as steps, as that code base does. The output of an utterance then depends on its batch. On
CMU-MOSEI that code base also reads the rows that pad the published files: prepare the corpus with
`--compat dai_padded_rows`.
"""

from typing import Literal

from pydantic import PositiveInt

from models.configs.base import Config, Rate
from models.configs.features import LateFusionConfig


class LfLstmConfig(LateFusionConfig):
    """One bidirectional LSTM for each modality, as wide as its features."""

    system: Literal["lf_lstm"] = "lf_lstm"
    compat_dai_padding: bool = False

    @property
    def neighbours_matter(self) -> bool:
        """Whether padding counts as steps; the longest utterance decides its length."""
        return self.compat_dai_padding


class HeadsConfig(Config):
    """Attention heads of each modality, as many as in Dai et al.

    They must divide the number of its features, which the corpus decides. "auto" takes the greatest
    divisor of that number up to the default.
    """

    text: PositiveInt | Literal["auto"] = 4
    audio: PositiveInt | Literal["auto"] = 2
    vision: PositiveInt | Literal["auto"] = 5


class LfTransformerConfig(LateFusionConfig):
    """One post-norm transformer for each modality, as wide as its features, without positions."""

    system: Literal["lf_transformer"] = "lf_transformer"
    heads: HeadsConfig = HeadsConfig()
    depth: PositiveInt = 2
    feed_forward: PositiveInt = 2048
    dropout: Rate = 0.1
    compat_dai_padding: bool = False

    @property
    def neighbours_matter(self) -> bool:
        """Whether padding counts as steps; the longest utterance decides its length."""
        return self.compat_dai_padding
