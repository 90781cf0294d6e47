"""MulT (Tsai et al., ACL 2019), as Dai et al. run it."""

from typing import Literal, Self

from pydantic import PositiveInt, model_validator

from models.configs.base import Config, Rate, check_heads
from models.configs.features import FeatureSystemConfig, check_pairs


class SourceDropoutConfig(Config):
    """Dropout on the attention to each modality; self-attention has that of `text`."""

    text: Rate = 0.2
    audio: Rate = 0.0
    vision: Rate = 0.0


class MultConfig(FeatureSystemConfig):
    """A cross-modal transformer for each ordered pair of modalities.

    Each has `depth` layers; `memory_depth` layers of self-attention follow, over what a modality
    learned from the others. Dai et al. publish no settings for their rows: these are ours, after
    the code base of EmoEmbs. Departure: features are projected row by row (kernel size 1, as in the
    original code), so that short sequences survive.
    """

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
