"""What a model is made of: frozen, typed, torch-free.

Defaults are the values of Le et al. (IEEE Access); where the paper is silent the docstring says so.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

Modality = Literal["text", "audio", "vision"]
MODALITIES: tuple[Modality, ...] = ("text", "audio", "vision")

RANDOM_WEIGHTS = "random"

MAX_POSITIONS = 512
"""Position embeddings of every ALBERT."""

VGG_SHRINK = 32
Pixels = Annotated[PositiveInt, Field(multiple_of=VGG_SHRINK)]
"""A side of a picture: the five poolings of VGG19 halve it five times."""


def divisors(number: int) -> str:
    """List the divisors of `number`, for an error that offers choices."""
    return ", ".join(str(n) for n in range(1, number + 1) if number % n == 0)


class Config(BaseModel):
    """The base of every config: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LayerConfig(Config):
    """One transformer layer, post-norm (Le et al., eq. 3-4).

    `num_heads` and `feed_forward` follow the paper's code base; `dropout` is PyTorch's default.
    """

    num_heads: PositiveInt = 4
    feed_forward: PositiveInt = 2048
    dropout: float = Field(default=0.1, ge=0, lt=1)


class AlbertSizes(Config):
    """Sizes of an ALBERT that is built without pretrained weights (defaults: albert-base-v2).

    Token 0 is the padding token: its embedding is not trained.
    """

    vocabulary: int = Field(default=30_000, gt=4)  # four are special tokens
    embedding: PositiveInt = 128
    hidden: PositiveInt = 768
    num_layers: PositiveInt = 12
    num_heads: PositiveInt = 12
    feed_forward: PositiveInt = 3072

    @model_validator(mode="after")
    def _hidden_splits_into_heads(self) -> Self:
        if self.hidden % self.num_heads:
            raise ValueError(
                f"num_heads {self.num_heads} does not divide hidden {self.hidden}; "
                f"choose from {divisors(self.hidden)}"
            )
        return self


class AlbertConfig(Config):
    """The text encoder.

    `weights` is a hub name, the path of a folder, or "random". With "random" the model has `sizes`
    and its tokenizer is fitted on the corpus; otherwise `sizes` must be left out and the checkpoint
    and its tokenizer decide.
    """

    weights: str = "albert-base-v2"
    sizes: AlbertSizes | None = None
    max_tokens: PositiveInt = Field(default=50, le=MAX_POSITIONS)
    projection_hidden: PositiveInt = 512

    @property
    def pretrained(self) -> bool:
        """Whether a checkpoint decides the sizes and the initial values."""
        return self.weights != RANDOM_WEIGHTS

    @model_validator(mode="after")
    def _sizes_belong_to_random_weights(self) -> Self:
        if self.pretrained and self.sizes is not None:
            raise ValueError(
                f"sizes must be left out: the checkpoint {self.weights!r} decides them; "
                f"choose sizes None, or weights {RANDOM_WEIGHTS!r}"
            )
        if not self.pretrained and self.sizes is None:
            raise ValueError(
                f"sizes are missing: weights {RANDOM_WEIGHTS!r} needs them; choose AlbertSizes() "
                "for those of albert-base-v2, or weights 'albert-base-v2'"
            )
        return self


def check_pool(pool: tuple[int, int], *, height: int, width: int) -> None:
    """Make sure that pooling leaves VGG19 sides that its own five poolings halve evenly.

    Raises:
        ValueError: If it does not.
    """
    for side, factor in zip((height, width), pool, strict=True):
        if side % (factor * VGG_SHRINK):
            raise ValueError(
                f"pool {factor} does not leave a multiple of {VGG_SHRINK} of {side}; "
                f"choose from {divisors(side // VGG_SHRINK)}"
            )


class VggConfig(Config):
    """A VGG19 without its classifier, trained from scratch, and a temporal transformer over it.

    Pictures are first averaged over `pool` (height, width) pixels: none, in the paper. Channels of
    the five groups are `base_channels` times 1, 2, 4, 8, 8. `batch_norm` is our default (plain
    VGG19 rarely trains from scratch with Adam).
    """

    pool: tuple[PositiveInt, PositiveInt] = (1, 1)
    base_channels: PositiveInt = 64
    batch_norm: bool = True
    projection_hidden: PositiveInt = 1024
    depth: PositiveInt = 2


class VisionConfig(VggConfig):
    """The image branch: faces of `face_px` x `face_px` pixels."""

    face_px: Pixels = 64

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        check_pool(self.pool, height=self.face_px, width=self.face_px)
        return self


class AudioConfig(VggConfig):
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


class Unimodal(Config):
    """No fusion: one branch and a linear head on its [CLS] state."""

    kind: Literal["unimodal"] = "unimodal"
    modality: Modality


class EarlyFusion(Config):
    """The [CLS] states of the branches, concatenated, and a two-layer head."""

    kind: Literal["early"] = "early"
    hidden: PositiveInt = 256
    dropout: float = Field(default=0.1, ge=0, lt=1)


class TransformerFusion(Config):
    """A transformer over [CLS] and the tokens of all modalities (Le et al., eq. 1-4)."""

    kind: Literal["transformer"] = "transformer"
    depth: PositiveInt = 2


Fusion = Annotated[Unimodal | EarlyFusion | TransformerFusion, Field(discriminator="kind")]


class ClsHead(Config):
    """A linear layer on the fused [CLS] state (Le et al., Figure 2a)."""

    kind: Literal["cls"] = "cls"


class EmotionDecoder(Config):
    """Emotion-level embeddings decoded from the fused sequence (Le et al., eq. 5-7)."""

    kind: Literal["emotion_decoder"] = "emotion_decoder"
    depth: PositiveInt = 2


Head = Annotated[ClsHead | EmotionDecoder, Field(discriminator="kind")]


class LeConfig(Config):
    """The model of Le et al.; `fusion` and `head` name the rows of its Table 5.

    A unimodal or early-fusion model has no sequence to decode, so `head` must be `cls` there.
    """

    recipe: ClassVar[str] = "le"
    """The recipe that its corpus is prepared by."""

    system: Literal["le"] = "le"
    width: PositiveInt = 256
    layer: LayerConfig = LayerConfig()
    text: AlbertConfig = AlbertConfig()
    audio: AudioConfig = AudioConfig()
    vision: VisionConfig = VisionConfig()
    fusion: Fusion = TransformerFusion()
    head: Head = EmotionDecoder()

    @model_validator(mode="after")
    def _width_splits_into_heads(self) -> Self:
        if self.width % self.layer.num_heads:
            raise ValueError(
                f"layer.num_heads {self.layer.num_heads} does not divide width {self.width}; "
                f"choose from {divisors(self.width)}"
            )
        return self

    @model_validator(mode="after")
    def _head_fits_fusion(self) -> Self:
        if self.head.kind != "cls" and self.fusion.kind != "transformer":
            raise ValueError(
                f"head.kind {self.head.kind!r} needs fusion.kind 'transformer', "
                f"not {self.fusion.kind!r}; choose head.kind from 'cls'"
            )
        return self
