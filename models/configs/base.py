"""What the configs of all systems have in common."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Modality = Literal["text", "audio", "vision"]
MODALITIES: tuple[Modality, ...] = ("text", "audio", "vision")

RANDOM_WEIGHTS = "random"

Rate = Annotated[float, Field(ge=0, lt=1)]
"""The probability that something is dropped."""


class Config(BaseModel):
    """The base of every config: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def later(default: object) -> Any:
    """Declare a field that older records do not have.

    It is written only where it differs from `default`, so a record is written as it was read.
    """
    return Field(default=default, exclude_if=lambda value: value == default)


def _in_our_order(modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
    if len(set(modalities)) < len(modalities):
        raise ValueError(
            f"a modality is named twice; name each of {', '.join(MODALITIES)} at most once"
        )
    return tuple(modality for modality in MODALITIES if modality in modalities)


Modalities = Annotated[tuple[Modality, ...], Field(min_length=1), AfterValidator(_in_our_order)]
"""Some of the modalities, each once; they are sorted into our order."""


class PretrainedConfig(Config):
    """An encoder that may start from a checkpoint.

    `weights` is "random", or says where the checkpoint is: each encoder documents its own choices.
    """

    architecture: ClassVar[str]
    """Names the loader in `models.weights`."""

    weights: str

    @property
    def pretrained(self) -> bool:
        """Whether a checkpoint decides the initial values."""
        return self.weights != RANDOM_WEIGHTS


class SystemConfig(Config):
    """A whole model."""

    recipe: ClassVar[str]
    """The recipe that its corpus is prepared by."""

    reconstructed: ClassVar[bool] = False
    """Whether we rebuilt its architecture from a description, without its code and full text."""

    revision: ClassVar[int] = 1
    """Raised when the same config means another computation than before: it is part of the key."""

    modalities: Modalities = MODALITIES

    @property
    def reads_text(self) -> bool:
        """Whether the text changes the output of the model."""
        return "text" in self.modalities

    @property
    def neighbours_matter(self) -> bool:
        """Whether an utterance's output depends on the others of its batch, in evaluation too."""
        return False

    @property
    def encoders(self) -> Mapping[Modality, Config]:
        """The encoders that are built, by the modality that they read."""
        return {}

    @property
    def frozen_prefixes(self) -> Mapping[Modality, tuple[str, ...]]:
        """The first groups of encoders of pictures, where they make the same of a picture always.

        They hold fixed values, and read nothing but the picture.
        """
        return {}

    @property
    def pretrained_encoders(self) -> dict[Modality, PretrainedConfig]:
        """The encoders that start from a checkpoint; a field of the config has the same name."""
        return {
            modality: encoder
            for modality, encoder in self.encoders.items()
            if isinstance(encoder, PretrainedConfig) and encoder.pretrained
        }


def divisors(number: int) -> str:
    """List the divisors of `number`, for an error that offers choices."""
    return ", ".join(str(n) for n in range(1, number + 1) if number % n == 0)


def check_heads(width: int, num_heads: int, *, heads: str, of: str) -> None:
    """Make sure that a width splits into attention heads.

    Args:
        width: The width to split.
        num_heads: The number of heads.
        heads: Names the field of `num_heads` in the error.
        of: Names the field of `width` in the error.

    Raises:
        ValueError: If it does not.
    """
    if width % num_heads:
        raise ValueError(
            f"{heads} {num_heads} does not divide {of} {width}; choose from {divisors(width)}"
        )


def choices(names: Iterable[str]) -> str:
    """List names, for an error that offers them."""
    return ", ".join(names)
