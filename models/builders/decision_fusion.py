"""Builds the fusion of decisions."""

from torch import nn

from models.configs.decision_fusion import AttentiveFusion as AttentiveFusionConfig
from models.configs.decision_fusion import DecisionFusion
from models.configs.decision_fusion import WeightedSum as WeightedSumConfig
from models.fusion.decisions import AttentiveFusion, SingleDecision, WeightedSum


def build_decision_fusion(
    config: DecisionFusion, *, num_modalities: int, num_emotions: int
) -> nn.Module:
    """Build the fusion that the config names; the decision of one modality alone needs none."""
    if num_modalities == 1:
        return SingleDecision()
    match config:
        case WeightedSumConfig():
            return WeightedSum(num_modalities=num_modalities)
        case AttentiveFusionConfig():
            return AttentiveFusion(num_emotions=num_emotions)
