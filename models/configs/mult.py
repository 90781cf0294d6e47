"""MulT (Tsai et al., ACL 2019), as Dai et al. run it."""

from typing import ClassVar, Literal, Self

from pydantic import PositiveInt, model_validator

from models.configs.base import Config, Rate, check_heads
from models.configs.features import FeatureSystemConfig, check_pairs


class SourceDropoutConfig(Config):
    """Dropout on the attention to each modality; self-attention has that of `text`."""

    text: Rate = 0.2
    audio: Rate = 0.0
    vision: Rate = 0.0


class KernelConfig(Config):
    """How many rows each step of a modality is projected from."""

    text: PositiveInt = 1
    audio: PositiveInt = 1
    vision: PositiveInt = 1


class MultConfig(FeatureSystemConfig):
    """A cross-modal transformer for each ordered pair of modalities.

    Each has `depth` layers; `memory_depth` layers of self-attention follow, over what a modality
    learned from the others. Dai et al. publish no settings for their rows: these are ours, after
    the code base of EmoEmbs, which has a copy of MulT. `kernels` 1 are those of the original code;
    that copy has 3, 5, 3, without padding, so it fails where a sequence is shorter. With `causal`,
    a step sees no later step; where lengths differ, it sees as many more as they differ by. The
    original code does so by default, that copy for all corpora but IEMOCAP; the paper does not say.
    """

    revision: ClassVar[int] = 2  # positions of revision 1 were those of Vaswani et al. 2017

    system: Literal["mult"] = "mult"
    width: PositiveInt = 40
    num_heads: PositiveInt = 8
    depth: PositiveInt = 4
    memory_depth: PositiveInt = 4
    attention_dropout: SourceDropoutConfig = SourceDropoutConfig()
    relu_dropout: Rate = 0.1
    residual_dropout: Rate = 0.1
    embedding_dropout: Rate = 0.2
    out_dropout: Rate = 0.1
    causal: bool = False
    kernels: KernelConfig = KernelConfig()

    @model_validator(mode="after")
    def _width_splits_into_heads(self) -> Self:
        check_heads(self.width, self.num_heads, heads="num_heads", of="width")
        return self

    @model_validator(mode="after")
    def _width_splits_into_sines_and_cosines(self) -> Self:
        if self.width % 2:
            raise ValueError(f"width {self.width} is odd; choose an even one, for the positions")
        return self

    @model_validator(mode="after")
    def _modalities_to_cross(self) -> Self:
        check_pairs(self.modalities, of="mult")
        return self
