"""CMHA (Zheng et al. 2022, IEEE Transactions on Multimedia), as Xia et al. compare with it."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import PositiveInt, model_validator

from models.configs.base import (
    MODALITIES,
    Config,
    Modality,
    Rate,
    SystemConfig,
    check_heads,
    choices,
)
from models.configs.conv import ConvConfig, ResnetConfig, VggishConfig, frozen_prefix
from models.configs.text import BertConfig


class CmhaConfig(SystemConfig):
    """Modalities attend to each other one after the other, in three orders.

    It has no public code. Encoders and `width` are those of Xia et al., who do not say what their
    CMHA reads; heads and sizes are ours.
    """

    recipe: ClassVar[str] = "xia"
    reconstructed: ClassVar[bool] = True

    system: Literal["cmha"] = "cmha"
    width: PositiveInt = 64
    num_heads: PositiveInt = 8
    dropout: Rate = 0.1
    hidden: PositiveInt = 64
    text: BertConfig = BertConfig()
    audio: VggishConfig = VggishConfig()
    vision: ResnetConfig = ResnetConfig()

    @property
    def encoders(self) -> Mapping[Modality, Config]:
        """All three."""
        return {"text": self.text, "audio": self.audio, "vision": self.vision}

    @property
    def frozen_prefixes(self) -> Mapping[Modality, tuple[str, ...]]:
        """Of sound and faces."""
        every: dict[Modality, ConvConfig] = {"audio": self.audio, "vision": self.vision}
        return {
            name: frozen_prefix(encoder.groups, encoder.frozen, ())
            for name, encoder in every.items()
        }

    @model_validator(mode="after")
    def _width_splits_into_heads(self) -> Self:
        check_heads(self.width, self.num_heads, heads="num_heads", of="width")
        return self

    @model_validator(mode="after")
    def _every_modality_is_there(self) -> Self:
        if self.modalities != MODALITIES:
            raise ValueError(
                f"modalities are {choices(self.modalities)}: the orders of CMHA name all three; "
                f"choose {choices(MODALITIES)}"
            )
        return self
