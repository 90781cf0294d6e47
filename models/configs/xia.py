"""The model of Xia et al. (2022), MER-SEM-MBT, also with parts left out or replaced.

Defaults are the paper's values; the docstring says which values the paper does not state.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from models.configs.base import Config, Modality, Rate, SystemConfig, check_heads, choices
from models.configs.conv import ResnetConfig, VggishConfig, frozen_prefix
from models.configs.decision_fusion import AttentiveFusion, DecisionFusion
from models.configs.text import BertConfig


class LayerConfig(Config):
    """One transformer layer, pre-norm; sizes of the code base of Liu et al. 2022 (UMT)."""

    num_heads: PositiveInt = 8
    feed_forward: PositiveInt = 256
    dropout: Rate = 0.1


class XiaAudioConfig(VggishConfig):
    """VGGish, with a semantic enhancement after each of the groups `sem_after`."""

    sem_after: tuple[str, ...] = ("conv2", "conv4")


class XiaVisionConfig(ResnetConfig):
    """ResNet18, with a semantic enhancement after each of the groups `sem_after`."""

    sem_after: tuple[str, ...] = ("conv3", "conv5")


class SemConfig(Config):
    """The semantic enhancement modules (SEM); each encoder says where they stand.

    `attention` is the axis of the softmax, which the paper does not define: there is one text
    vector, so there is one key. "spatial" is over the sites of the map; "key" is over that one key,
    as printed, so each weight is 1 and neither queries nor keys learn; "sigmoid" gates each site by
    itself; "tokens" is over the states of all tokens. `norm` is over the whole "map", or over the
    "channels" of each site, which cancels spatial weights. With `rescale`, the mean of the spatial
    weights over the sites is 1, otherwise their sum is. With `init` "identity", the last
    convolution returns its input at first; with "default", its values are drawn. With
    `unfreeze_after`, frozen groups that follow a SEM do learn, because their inputs have changed.
    All these are our choices.
    """

    attention: Literal["spatial", "key", "sigmoid", "tokens"] = "spatial"
    norm: Literal["map", "channels"] = "map"
    rescale: bool = True
    init: Literal["identity", "default"] = "identity"
    unfreeze_after: bool = False


def frozen_groups(encoder: XiaAudioConfig | XiaVisionConfig, sem: SemConfig) -> tuple[str, ...]:
    """Name the groups of an encoder that do not learn."""
    if not (sem.unfreeze_after and encoder.sem_after):
        return encoder.frozen
    first = encoder.groups.index(encoder.sem_after[0])
    return tuple(name for name in encoder.frozen if name in encoder.groups[: first + 1])


class NoTemporal(Config):
    """Nothing: the chunks and the frames are averaged as they are."""

    kind: Literal["none"] = "none"


class Independent(Config):
    """A transformer for each modality, without exchange."""

    kind: Literal["independent"] = "independent"
    depth: PositiveInt = 1


class Bottleneck(Config):
    """Compression into a few learned tokens and expansion from them (Liu et al. 2022, UMT).

    `num_tokens` and `depth` are those of its code. The tokens begin with the deviation `token_std`;
    in that code it is .125 at this width.
    """

    kind: Literal["bottleneck"] = "bottleneck"
    num_tokens: PositiveInt = 4
    depth: PositiveInt = 1
    token_std: PositiveFloat = 1.0


class Joint(Config):
    """One transformer over both sequences, put one after the other."""

    kind: Literal["joint"] = "joint"
    depth: PositiveInt = 1


class BiCross(Config):
    """Each modality attends to the other.

    The paper counts two branches, and four elsewhere: with `self_attention`, a transformer over
    each modality alone follows, as in MulT (Tsai et al. 2019).
    """

    kind: Literal["bicross"] = "bicross"
    depth: PositiveInt = 1
    self_attention: bool = False


class NagraniBottleneck(Config):
    """A transformer per modality; they exchange through a few shared tokens (Nagrani et al. 2021).

    Nothing is exchanged before the second layer: in the first, the tokens have seen no modality.
    """

    kind: Literal["nagrani"] = "nagrani"
    num_tokens: PositiveInt = 4
    depth: int = Field(default=2, ge=2)


CrossModal = Annotated[
    NoTemporal | Independent | Bottleneck | Joint | BiCross | NagraniBottleneck,
    Field(discriminator="kind"),
]

WITHOUT_EXCHANGE = ("none", "independent")
WITH_POSITIONS_IN_LAYERS = ("independent", "bottleneck", "bicross")


class XiaConfig(SystemConfig):
    """The model of Xia et al.

    `modalities` are those that decide. Text also enters the encoders through their SEMs, whether it
    decides or not; if it does neither, no text is read. A SER or FER model has one modality alone,
    and `cross` "independent". `positions` are sines and cosines. They are added to the "states"
    that enter the first layer, or in each layer to its "queries_and_keys": there UMT adds positions
    that it learns. In training, `modality_dropout` is the probability that the fusion does not see
    a decision of an utterance; at least one decision is always kept (Neverova et al. 2016). Sizes
    of the MLPs are our choice.
    """

    recipe: ClassVar[str] = "xia"

    system: Literal["xia"] = "xia"
    width: PositiveInt = 64
    layer: LayerConfig = LayerConfig()
    positions: Literal["states", "queries_and_keys", "none"] = "states"
    text: BertConfig = BertConfig()
    audio: XiaAudioConfig = XiaAudioConfig()
    vision: XiaVisionConfig = XiaVisionConfig()
    sem: SemConfig = SemConfig()
    cross: CrossModal = Bottleneck()
    mlp_hidden: PositiveInt = 64
    mlp_dropout: Rate = 0.1
    modality_dropout: Rate = 0.0
    fusion: DecisionFusion = AttentiveFusion()

    @property
    def reads_text(self) -> bool:
        """Whether the text decides, or enhances the encoder of another modality."""
        enhanced = {"audio": self.audio.sem_after, "vision": self.vision.sem_after}
        return "text" in self.modalities or any(enhanced[name] for name in self.sequences)

    @property
    def sequences(self) -> tuple[Modality, ...]:
        """The modalities that come as a sequence of pictures."""
        return tuple(modality for modality in self.modalities if modality != "text")

    @property
    def encoders(self) -> Mapping[Modality, Config]:
        """BERT if text is read, then one encoder for each sequence."""
        text: dict[Modality, Config] = {"text": self.text} if self.reads_text else {}
        every: dict[Modality, Config] = {"audio": self.audio, "vision": self.vision}
        return text | {modality: every[modality] for modality in self.sequences}

    @property
    def frozen_prefixes(self) -> Mapping[Modality, tuple[str, ...]]:
        """Of sound and faces, as far as they are read; a semantic enhancement ends a prefix."""
        every: dict[Modality, XiaAudioConfig | XiaVisionConfig]
        every = {"audio": self.audio, "vision": self.vision}
        return {
            name: frozen_prefix(
                every[name].groups, frozen_groups(every[name], self.sem), every[name].sem_after
            )
            for name in self.sequences
        }

    @model_validator(mode="after")
    def _width_fits(self) -> Self:
        check_heads(self.width, self.layer.num_heads, heads="layer.num_heads", of="width")
        if self.positions != "none" and self.width % 2:
            raise ValueError(
                f"width {self.width} is odd: positions {self.positions!r} come in pairs of sine "
                "and cosine; choose an even width, or positions 'none'"
            )
        return self

    @model_validator(mode="after")
    def _an_exchange_has_two_sides(self) -> Self:
        if self.cross.kind not in WITHOUT_EXCHANGE and len(self.sequences) < 2:
            raise ValueError(
                f"cross.kind {self.cross.kind!r} exchanges between audio and vision, but "
                f"modalities are {choices(self.modalities)}; choose modalities with both, or "
                f"cross.kind from {choices(WITHOUT_EXCHANGE)}"
            )
        return self

    @model_validator(mode="after")
    def _layers_take_the_positions(self) -> Self:
        takes = self.cross.kind in WITH_POSITIONS_IN_LAYERS
        if self.positions == "queries_and_keys" and not takes:
            raise ValueError(
                f"positions 'queries_and_keys' do not go with cross.kind {self.cross.kind!r}; "
                "choose positions from states, none, or cross.kind from "
                f"{choices(WITH_POSITIONS_IN_LAYERS)}"
            )
        return self
