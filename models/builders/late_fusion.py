"""Builds LF-LSTM and LF-TRANS of Dai et al. (NAACL 2021)."""

from torch import nn

from models.builders.features import build_late_fusion, build_layout, build_prepare
from models.configs.base import Modality, divisors
from models.configs.late_fusion import HeadsConfig, LfLstmConfig, LfTransformerConfig
from models.encoders.branch import Branch
from models.encoders.features import FeatureEncoder, TransformerOfRows
from models.encoders.lstm import FinalStates, LastStep, Lstm, freeze_unread
from models.inputs import FeatureInputs
from models.parts.layers import EncoderLayer
from models.parts.projection import projection
from models.parts.transformer import ClsToken, Transformer
from models.systems.decision_fusion import DecisionFusionModel
from models.task import Task


def build_lf_lstm(config: LfLstmConfig, task: Task) -> DecisionFusionModel[FeatureInputs]:
    """Build one LSTM for each modality."""
    branches = {modality: _lstm_branch(config, task, modality) for modality in config.modalities}
    return build_late_fusion(config, task, branches)


def build_lf_transformer(
    config: LfTransformerConfig, task: Task
) -> DecisionFusionModel[FeatureInputs]:
    """Build one transformer for each modality.

    Raises:
        ValueError: If the heads of a modality do not divide the number of its features.
    """
    branches = {
        modality: _transformer_branch(config, task, modality) for modality in config.modalities
    }
    return build_late_fusion(config, task, branches)


def _lstm_branch(config: LfLstmConfig, task: Task, modality: Modality) -> Branch:
    """Read audio and vision at their final states, text at its last step."""
    width = task.features[modality].width
    lstm = nn.LSTM(width, width, batch_first=True, bidirectional=True)
    read: nn.Module = FinalStates()
    if modality == "text":
        read = LastStep()
        freeze_unread(lstm)
    encoder = FeatureEncoder(
        prepare=build_prepare(config, task, modality),
        layout=build_layout(padding_as_steps=config.compat_dai_padding),
        encode=Lstm(lstm, read=read),
    )
    head = projection(features=2 * width, hidden=width, width=task.num_emotions)
    return Branch(encoder=encoder, head=head)


def _transformer_branch(config: LfTransformerConfig, task: Task, modality: Modality) -> Branch:
    """Build the branch of a modality; only padding of text can count as steps."""
    width = task.features[modality].width
    num_heads = _num_heads(config, modality, width)
    transformer = Transformer(
        cls=ClsToken(width=width),
        layers=[
            EncoderLayer(
                width=width,
                num_heads=num_heads,
                feed_forward=config.feed_forward,
                dropout=config.dropout,
            )
            for _ in range(config.depth)
        ],
    )
    encoder = FeatureEncoder(
        prepare=build_prepare(config, task, modality),
        layout=build_layout(padding_as_steps=config.compat_dai_padding and modality == "text"),
        encode=TransformerOfRows(transformer),
    )
    head = projection(features=width, hidden=max(width // 2, 1), width=task.num_emotions)
    return Branch(encoder=encoder, head=head)


def _num_heads(config: LfTransformerConfig, modality: Modality, width: int) -> int:
    heads = {
        "text": config.heads.text,
        "audio": config.heads.audio,
        "vision": config.heads.vision,
    }[modality]
    if heads == "auto":
        limit: int = HeadsConfig.model_fields[modality].default
        return max(number for number in range(1, limit + 1) if width % number == 0)
    if width % heads:
        raise ValueError(
            f"model.heads.{modality} {heads} does not divide the number of {modality} features "
            f"{width}; choose from {divisors(width)}, or 'auto'"
        )
    return heads
