"""The end-to-end models of Dai et al. (NAACL 2021): FE2E, and MESM with its sparse CNN.

Defaults are those of the paper's code base.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from models.configs.base import Config, Modality, Rate, SystemConfig, check_heads, divisors
from models.configs.decision_fusion import DecisionFusion, WeightedSum
from models.configs.text import MAX_POSITIONS, AlbertConfig

CNN_SHRINK = 16
Pixels = Annotated[PositiveInt, Field(multiple_of=CNN_SHRINK)]
"""A side of a picture; the poolings of the CNN halve it four times."""


class DaiTextConfig(AlbertConfig):
    """The text branch: a linear layer on the [CLS] state of ALBERT."""

    max_tokens: PositiveInt = Field(default=100, le=MAX_POSITIONS)


class TemporalConfig(Config):
    """The transformer over the frames or chunks of an utterance: post-norm, without positions."""

    depth: PositiveInt = 4
    num_heads: PositiveInt = 4
    feed_forward: PositiveInt = 2048
    dropout: Rate = 0.1


def check_pool(pool: tuple[int, int], *, height: int, width: int) -> None:
    """Make sure that pooling leaves the CNN sides that its own poolings halve evenly.

    Raises:
        ValueError: If it does not.
    """
    for side, factor in zip((height, width), pool, strict=True):
        if side % (factor * CNN_SHRINK):
            raise ValueError(
                f"pool {factor} does not leave a multiple of {CNN_SHRINK} of {side}; "
                f"choose from {divisors(side // CNN_SHRINK)}"
            )


class CnnConfig(Config):
    """The CNN of one modality, and the projection of what it leaves.

    Pictures are first averaged over `pool` (height, width) pixels; the paper does not pool.
    Channels of the stages are `base_channels` times 1, 2, 4, 8.
    """

    pool: tuple[PositiveInt, PositiveInt] = (1, 1)
    base_channels: PositiveInt = 64
    projection_hidden: PositiveInt = 1024


class DaiVisionConfig(CnnConfig):
    """The image branch: faces of `face_px` x `face_px` pixels."""

    face_px: Pixels = 48

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        check_pool(self.pool, height=self.face_px, width=self.face_px)
        return self


class DaiAudioConfig(CnnConfig):
    """The audio branch: chunks of `num_mels` x `chunk_frames`.

    With `log_mel` the model reads log(mel + 1e-6); the paper's code base reads the power itself.
    """

    num_mels: Pixels = 128
    chunk_frames: Pixels = 32
    log_mel: bool = False

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        check_pool(self.pool, height=self.num_mels, width=self.chunk_frames)
        return self


class DaiConfig(SystemConfig):
    """What FE2E and MESM have in common.

    In training, `modality_dropout` is the probability that the fusion does not see a decision of an
    utterance; at least one decision is always kept.
    """

    recipe: ClassVar[str] = "dai"

    width: PositiveInt = 64
    temporal: TemporalConfig = TemporalConfig()
    text: DaiTextConfig = DaiTextConfig()
    audio: DaiAudioConfig = DaiAudioConfig()
    vision: DaiVisionConfig = DaiVisionConfig()
    modality_dropout: Rate = 0.0
    fusion: DecisionFusion = WeightedSum()

    @property
    def encoders(self) -> Mapping[Modality, Config]:
        """One for each modality that is read."""
        every: dict[Modality, Config] = {
            "text": self.text,
            "audio": self.audio,
            "vision": self.vision,
        }
        return {modality: every[modality] for modality in self.modalities}

    @model_validator(mode="after")
    def _width_splits_into_heads(self) -> Self:
        check_heads(self.width, self.temporal.num_heads, heads="temporal.num_heads", of="width")
        return self


class Fe2eConfig(DaiConfig):
    """The fully end-to-end model."""

    system: Literal["fe2e"] = "fe2e"


class MesmConfig(DaiConfig):
    """The multimodal end-to-end sparse model.

    The most likely sites of a map stay, the fewest whose probabilities add up to `tau`: 0.8 in the
    README of the paper's code base, 0.7 in the paper's table. With `attn_grad` "none", as in that
    code base, the attention only chooses sites and never learns; with "straight_through" it learns.

    With `compat_dai_sites`, the kept sites of the first stage change places, across the pictures
    and utterances of a batch: that code base lists values by picture, but places by row and column.
    The output of an utterance then depends on its batch. Printed results probably have this fault.
    """

    revision: ClassVar[int] = 2  # the batch norm of revision 1 kept .9 of its running statistics

    system: Literal["mesm"] = "mesm"
    tau: float = Field(default=0.8, gt=0, le=1)
    attn_grad: Literal["none", "straight_through"] = "none"
    compat_dai_sites: bool = False

    @property
    def neighbours_matter(self) -> bool:
        """Whether sites change places across the utterances of a batch."""
        return self.compat_dai_sites

    @model_validator(mode="after")
    def _text_guides(self) -> Self:
        if "text" not in self.modalities:
            raise ValueError(
                f"modalities {', '.join(self.modalities)} lack 'text', which guides the sparse "
                "CNNs; add it, or choose the system 'fe2e'"
            )
        return self
