"""What the builders of systems on hand-crafted features have in common."""

from collections.abc import Mapping

from torch import nn

from models.builders.decision_fusion import build_decision_fusion
from models.configs.base import Modality
from models.configs.features import FeatureSystemConfig, LateFusionConfig
from models.encoders.features import AsPacked, PaddingAsSteps
from models.inputs import READ_FEATURES, FeatureInputs
from models.parts.modality_dropout import ModalityDropout
from models.parts.standardise import Standardise
from models.systems.decision_fusion import DecisionFusionModel
from models.task import Task


def build_prepare(config: FeatureSystemConfig, task: Task, modality: Modality) -> nn.Module:
    """Build the first step on the rows of a modality."""
    if not config.standardise:
        return nn.Identity()
    features = task.features[modality]
    return Standardise(mean=features.mean, std=features.std)


def build_layout(*, padding_as_steps: bool) -> nn.Module:
    """Build the module that says which rows are steps of which utterance."""
    return PaddingAsSteps() if padding_as_steps else AsPacked()


def build_late_fusion(
    config: LateFusionConfig, task: Task, branches: Mapping[Modality, nn.Module]
) -> DecisionFusionModel[FeatureInputs]:
    """Build a model in which each branch makes a decision."""
    return DecisionFusionModel(
        read=READ_FEATURES,
        branches=branches,
        modality_dropout=ModalityDropout(config.modality_dropout),
        fusion=build_decision_fusion(
            config.fusion, num_modalities=len(branches), num_emotions=task.num_emotions
        ),
    )
