"""The model of Le et al. (IEEE Access), and fusions beyond it.

Defaults are the paper's values; the docstring says which values the paper does not state. The first
author's released code trains another model than the paper prints; each difference is a field.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from models.configs.base import (
    RANDOM_WEIGHTS,
    Config,
    Modality,
    PretrainedConfig,
    Rate,
    SystemConfig,
    check_heads,
    divisors,
    later,
)
from models.configs.text import AlbertConfig

VGG19 = (2, 2, 4, 4, 4)
"""The convolutions of each group (Simonyan and Zisserman 2015, configuration E)."""

VGG_SHRINK = 32
Pixels = Annotated[PositiveInt, Field(multiple_of=VGG_SHRINK)]
"""A side of a picture; the poolings of VGG19 halve it five times."""

WAVE_RATE_HZ, WAVE_CHUNK_SAMPLES = 16_000, 6_400
"""The sound of the recipe `le-wave`."""

SHRINK = {"vgg": VGG_SHRINK, "dai": 16}
"""By how much the poolings of each CNN divide a side."""


class LayerConfig(Config):
    """One transformer layer, post-norm (Le et al., eq. 3-4).

    `num_heads` and `feed_forward` follow the paper's code base; `dropout` is PyTorch's default.
    """

    num_heads: PositiveInt = 4
    feed_forward: PositiveInt = 2048
    dropout: Rate = 0.1


def check_pool(pool: tuple[int, int], *, height: int, width: int, shrink: int) -> None:
    """Make sure that pooling leaves a CNN sides that its own poolings divide evenly by `shrink`.

    Raises:
        ValueError: If it does not.
    """
    for side, factor in zip((height, width), pool, strict=True):
        if side % (factor * shrink):
            raise ValueError(
                f"pool {factor} does not leave a multiple of {shrink} of {side}; "
                f"choose from {divisors(side // shrink)}"
            )


class VggConfig(PretrainedConfig):
    """A VGG without its classifier, trained from scratch, and a temporal transformer over it.

    Pictures are first averaged over `pool` (height, width) pixels; the paper does not pool.
    Channels of the five groups are `base_channels` times 1, 2, 4, 8, 8. `convs_per_group` are those
    of VGG19, which the paper names. `batch_norm` is our default (plain VGG19 rarely trains from
    scratch with Adam).

    The released code differs from the paper in two points. Its `cnn` is "dai", the small CNN of
    FE2E: always with batch norm, channels `base_channels` times 1, 2, 4, 8. And with `attends_cls`
    the steps attend to a learned [CLS] too, which is dropped before a fusion of sequences.

    `weights` is "random" for a CNN that is trained from scratch; else it is the folder or hub name
    of a `transformers` encoder, which takes the place of the CNN. The CNN's fields have no effect
    then.
    """

    weights: str = later(RANDOM_WEIGHTS)
    pool: tuple[PositiveInt, PositiveInt] = (1, 1)
    base_channels: PositiveInt = 64
    batch_norm: bool = True
    projection_hidden: PositiveInt = 1024
    depth: PositiveInt = 2
    convs_per_group: tuple[PositiveInt, PositiveInt, PositiveInt, PositiveInt, PositiveInt] = later(
        VGG19
    )
    cnn: Literal["vgg", "dai"] = later("vgg")
    attends_cls: bool = later(False)

    @model_validator(mode="after")
    def _fields_belong_to_the_cnn(self) -> Self:
        if self.cnn != "vgg" and not (self.batch_norm and self.convs_per_group == VGG19):
            raise ValueError(
                f"cnn {self.cnn!r} has no other batch_norm and convs_per_group than the defaults; "
                f"choose batch_norm True and convs_per_group {VGG19}, or cnn 'vgg'"
            )
        return self


class VisionConfig(VggConfig):
    """The image branch: faces of `face_px` x `face_px` pixels.

    They are averaged down to `resize_px` first, if that is given. Departure: the released code cuts
    faces of 48 px out of the frame. Here rows of both sizes read the same faces. With `frames`
    "first", only the first face of an utterance is read, as a model of single pictures would.
    With `weights` of an encoder, such as a CLIP or a DINOv2, faces are resized to what it reads.
    """

    architecture: ClassVar[str] = "vision"

    face_px: Pixels = 64
    resize_px: PositiveInt | None = later(None)
    frames: Literal["all", "first"] = later("all")

    @property
    def side_px(self) -> int:
        """The side of a face after resizing."""
        return self.face_px if self.resize_px is None else self.resize_px

    @model_validator(mode="after")
    def _side_fits(self) -> Self:
        shrink = SHRINK[self.cnn]
        if self.side_px > self.face_px or self.side_px % shrink:
            raise ValueError(
                f"resize_px {self.side_px} is no multiple of {shrink} up to face_px "
                f"{self.face_px}; cnn {self.cnn!r} needs one"
            )
        check_pool(self.pool, height=self.side_px, width=self.side_px, shrink=shrink)
        return self


class AudioConfig(VggConfig):
    """The audio branch: chunks of `num_mels` x `chunk_frames`.

    With `log_mel` the model reads log(mel + 1e-6); the paper's code base reads the power itself.
    With `weights` of an encoder, such as a wav2vec 2.0, it reads the wave instead (recipe
    `le-wave`), and a step is the mean of the encoder's states over a chunk.
    """

    architecture: ClassVar[str] = "audio"

    num_mels: Pixels = 128
    chunk_frames: Pixels = 32
    log_mel: bool = False

    @model_validator(mode="after")
    def _pool_fits(self) -> Self:
        shrink = SHRINK[self.cnn]
        check_pool(self.pool, height=self.num_mels, width=self.chunk_frames, shrink=shrink)
        return self


class LeTextConfig(AlbertConfig):
    """The text branch: ALBERT, and a projection of its token states.

    The paper does not say whether ALBERT's own [CLS] is among the tokens that are fused
    (`fuses_cls`), nor at which rate the projection learns. In the released code it is not, and the
    projection learns at the rate of ALBERT ("pretrained", which has no effect on random weights).
    With `encoder` "any", `weights` is another `transformers` encoder, such as a RoBERTa or DeBERTa.
    """

    encoder: Literal["albert", "any"] = later("albert")
    projection_hidden: PositiveInt = 512
    fuses_cls: bool = later(True)
    projection_rate: Literal["base", "pretrained"] = later("base")

    @property
    def architecture(self) -> str:  # type: ignore[override]  # here it is a value of the config
        """Names the loader in `models.weights`."""
        return "text" if self.encoder == "any" else self.encoder

    @model_validator(mode="after")
    def _any_encoder_is_named(self) -> Self:
        if self.encoder == "any" and not self.pretrained:
            raise ValueError(
                "encoder 'any' needs a checkpoint; choose weights, or encoder 'albert'"
            )
        return self

    @model_validator(mode="after")
    def _a_token_is_left(self) -> Self:
        if not self.fuses_cls and self.max_tokens == 1:
            raise ValueError(
                "max_tokens 1 leaves only [CLS], which fuses_cls False hides; choose max_tokens "
                "2 or more, or fuses_cls True"
            )
        return self


class NoFusion(Config):
    """One modality alone: a linear head on the [CLS] state of its branch.

    The paper does not say whether the text is projected first; in the released code it is.
    """

    kind: Literal["none"] = "none"
    projects_text: bool = later(False)


class EarlyFusion(Config):
    """The [CLS] states of the branches, concatenated, and a two-layer head."""

    kind: Literal["early"] = "early"
    hidden: PositiveInt = 256
    dropout: Rate = 0.1


class ConcatFusion(Config):
    """The [CLS] states of the branches, concatenated: early fusion in the released code."""

    kind: Literal["concat"] = "concat"


class GatedFusion(Config):
    """A gated multimodal unit on the [CLS] states of the branches (Arevalo et al. 2017)."""

    kind: Literal["gated"] = "gated"
    hidden: PositiveInt = 256


class TransformerFusion(Config):
    """A transformer over [CLS] and the tokens of all modalities (Le et al., eq. 1-4)."""

    kind: Literal["transformer"] = "transformer"
    depth: PositiveInt = 2


class BottleneckFusion(Config):
    """A transformer per modality; they exchange through a few shared tokens (Nagrani et al. 2021).

    `num_tokens` is the paper's choice; all `depth` layers exchange.
    """

    kind: Literal["bottleneck"] = "bottleneck"
    num_tokens: PositiveInt = 4
    depth: PositiveInt = 2


Fusion = Annotated[
    NoFusion | EarlyFusion | ConcatFusion | GatedFusion | TransformerFusion | BottleneckFusion,
    Field(discriminator="kind"),
]


class ClsHead(Config):
    """A linear layer on the fused [CLS] state (Le et al., Figure 2a)."""

    kind: Literal["cls"] = "cls"


class EmotionDecoder(Config):
    """Emotion-level embeddings decoded from the fused sequence (Le et al., eq. 5-7).

    The paper does not say whether the decoder reads the fused [CLS] too (`reads_cls`). In the
    released code it does not, and the embeddings keep their random initial values, because the
    optimiser does not have them (`trains_embeddings`).
    """

    kind: Literal["emotion_decoder"] = "emotion_decoder"
    depth: PositiveInt = 2
    reads_cls: bool = later(True)
    trains_embeddings: bool = later(True)


FUSIONS_OF_SEQUENCES = ("transformer", "bottleneck")
"""The fusions that leave a sequence."""

Head = Annotated[ClsHead | EmotionDecoder, Field(discriminator="kind")]


class LeConfig(SystemConfig):
    """The model of Le et al.; `modalities`, `fusion` and `head` name the rows of its Table 5.

    Without fusion there is one modality; with one modality there may still be a transformer. A
    fusion of [CLS] states leaves no sequence to decode, so `head` must be `cls` there.
    In training, `modality_dropout` is the probability that the fusion does not see a modality of an
    utterance; at least one modality is always kept (Neverova et al. 2016).
    """

    system: Literal["le"] = "le"
    width: PositiveInt = 256
    layer: LayerConfig = LayerConfig()
    text: LeTextConfig = LeTextConfig()
    audio: AudioConfig = AudioConfig()
    vision: VisionConfig = VisionConfig()
    modality_dropout: Rate = 0.0
    fusion: Fusion = TransformerFusion()
    head: Head = EmotionDecoder()

    @property
    def recipe(self) -> str:  # type: ignore[override]  # here it is a value of the config
        """The recipe that its corpus is prepared by."""
        reads_wave = "audio" in self.modalities and self.audio.pretrained
        return "le-wave" if reads_wave else "le"

    @property
    def leaves_sequence(self) -> bool:
        """Whether the fusion reads and leaves whole sequences, not [CLS] states."""
        return self.fusion.kind in FUSIONS_OF_SEQUENCES

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
        check_heads(self.width, self.layer.num_heads, heads="layer.num_heads", of="width")
        return self

    @model_validator(mode="after")
    def _one_modality_without_fusion(self) -> Self:
        if self.fusion.kind == "none" and len(self.modalities) > 1:
            raise ValueError(
                f"fusion.kind 'none' takes one modality, not {', '.join(self.modalities)}; choose "
                "one of them, or fusion.kind from 'early', 'concat', 'gated', 'transformer', "
                "'bottleneck'"
            )
        return self

    @model_validator(mode="after")
    def _head_fits_fusion(self) -> Self:
        if self.head.kind != "cls" and not self.leaves_sequence:
            raise ValueError(
                f"head.kind {self.head.kind!r} needs fusion.kind 'transformer' or 'bottleneck', "
                f"not {self.fusion.kind!r}; choose one of those, or head.kind 'cls'"
            )
        return self
