"""Text encoders: ALBERT (Lan et al. 2020) and BERT (Devlin et al. 2019)."""

from typing import ClassVar, Self

from pydantic import Field, PositiveInt, model_validator

from models.configs.base import RANDOM_WEIGHTS, Config, PretrainedConfig, check_heads

MAX_POSITIONS = 512
"""Position embeddings of every ALBERT and BERT."""


class TextSizes(Config):
    """Sizes of a text encoder that is built without pretrained weights.

    Token 0 is the padding token: its embedding is not trained.
    """

    vocabulary: int = Field(gt=4)  # four are special tokens
    hidden: PositiveInt = 768
    num_layers: PositiveInt = 12
    num_heads: PositiveInt = 12
    feed_forward: PositiveInt = 3072

    @model_validator(mode="after")
    def _hidden_splits_into_heads(self) -> Self:
        check_heads(self.hidden, self.num_heads, heads="num_heads", of="hidden")
        return self


class AlbertSizes(TextSizes):
    """Sizes of an ALBERT (defaults: albert-base-v2)."""

    vocabulary: int = Field(default=30_000, gt=4)
    embedding: PositiveInt = 128


class BertSizes(TextSizes):
    """Sizes of a BERT (defaults: bert-base-uncased), and its dropout."""

    vocabulary: int = Field(default=30_522, gt=4)
    dropout: float = Field(default=0.1, ge=0, lt=1)


class TextConfig(PretrainedConfig):
    """A text encoder.

    `weights` is a hub name, the path of a folder, or "random". With "random" the model has `sizes`
    and its tokenizer is fitted on the corpus; otherwise `sizes` must be left out and the checkpoint
    and its tokenizer decide.
    """

    sizes: TextSizes | None = None
    max_tokens: PositiveInt = Field(default=MAX_POSITIONS, le=MAX_POSITIONS)

    @model_validator(mode="after")
    def _sizes_belong_to_random_weights(self) -> Self:
        default = type(self).model_fields["weights"].default
        if self.pretrained and self.sizes is not None:
            raise ValueError(
                f"sizes must be left out: the checkpoint {self.weights!r} decides them; "
                f"choose sizes None, or weights {RANDOM_WEIGHTS!r}"
            )
        if not self.pretrained and self.sizes is None:
            raise ValueError(
                f"sizes are missing: weights {RANDOM_WEIGHTS!r} needs them; choose "
                f"{self.architecture.capitalize()}Sizes() for those of {default}, or weights "
                f"{default!r}"
            )
        return self


class AlbertConfig(TextConfig):
    """An ALBERT."""

    architecture: ClassVar[str] = "albert"

    weights: str = "albert-base-v2"
    sizes: AlbertSizes | None = None
    max_tokens: PositiveInt = Field(default=50, le=MAX_POSITIONS)


class BertConfig(TextConfig):
    """A BERT, whose [CLS] state Xia et al. read; they do not state the length of their texts."""

    architecture: ClassVar[str] = "bert"

    weights: str = "bert-base-uncased"
    sizes: BertSizes | None = None
    max_tokens: PositiveInt = Field(default=128, le=MAX_POSITIONS)
