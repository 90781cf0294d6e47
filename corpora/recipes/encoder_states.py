"""Frozen states of pretrained encoders, which stand for the features of a modality."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

Layer = Literal["last", "mean"] | NonNegativeInt
"""Which states are taken: what the encoder gives out, the mean over its layers, or what a layer
leaves; 0 is what enters the first layer."""


class EncoderStates(BaseModel):
    """The states of one checkpoint, by what it holds: its place has no effect.

    Attributes:
        architecture: Its `model_type` in `transformers`.
        layer: Which of its states.
        sha256: Digests of its files, by their names: weights, config, and tokenizer or settings of
            the preprocessor.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str
    layer: Layer = "last"
    sha256: dict[str, Sha256]
