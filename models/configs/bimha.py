"""BIMHA (bimodal information augmented multi-head attention), reconstructed."""

from typing import ClassVar, Literal, Self

from pydantic import PositiveInt, model_validator

from models.configs.base import Rate, check_heads
from models.configs.features import FeatureSystemConfig, check_pairs


class BimhaConfig(FeatureSystemConfig):
    """Outer products of global features for each pair of modalities, and attention among them.

    It follows the description in Xia et al. 2022; all sizes are ours. Batch norm on the global
    features is left out (`models.systems.bimha`), so without `standardise` they are raw.
    """

    reconstructed: ClassVar[bool] = True

    system: Literal["bimha"] = "bimha"
    text_hidden: PositiveInt = 128
    width: PositiveInt = 32
    pair_width: PositiveInt = 128
    num_heads: PositiveInt = 4
    hidden: PositiveInt = 128
    dropout: Rate = 0.2

    @model_validator(mode="after")
    def _width_splits_into_heads(self) -> Self:
        check_heads(self.pair_width, self.num_heads, heads="num_heads", of="pair_width")
        return self

    @model_validator(mode="after")
    def _modalities_to_pair(self) -> Self:
        check_pairs(self.modalities, of="bimha")
        return self
