"""How the decisions of single modalities become one."""

from typing import Annotated, Literal

from pydantic import Field

from models.configs.base import Config


class WeightedSum(Config):
    """z = sum over m of w_m z_m, one trained weight for each modality (Dai et al. 2021)."""

    kind: Literal["weighted_sum"] = "weighted_sum"


class AttentiveFusion(Config):
    """Attention over the decisions of each utterance, a weight per modality (Xia et al. 2022)."""

    kind: Literal["attentive"] = "attentive"


DecisionFusion = Annotated[WeightedSum | AttentiveFusion, Field(discriminator="kind")]
