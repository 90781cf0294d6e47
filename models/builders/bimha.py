"""Builds BIMHA, a reconstruction."""

from itertools import combinations

from torch import nn

from models.builders.features import build_layout, build_prepare
from models.configs.base import Modality
from models.configs.bimha import BimhaConfig
from models.encoders.branch import Branch
from models.encoders.features import FeatureEncoder, MeanOfRows
from models.encoders.lstm import LastStep, Lstm
from models.parts.layers import Attention
from models.systems.bimha import BimhaModel, pair_name
from models.task import Task


def build_bimha(config: BimhaConfig, task: Task) -> BimhaModel:
    """Build a branch for each modality, and an outer product for each pair of modalities."""
    pairs = [pair_name(*pair) for pair in combinations(config.modalities, 2)]
    width = config.pair_width
    return BimhaModel(
        branches={name: _branch(config, task, name) for name in config.modalities},
        pairs={name: nn.Linear((config.width + 1) ** 2, width) for name in pairs},
        attention=Attention(width=width, num_heads=config.num_heads, dropout=0.0),
        norm=nn.LayerNorm(width),
        head=nn.Sequential(
            nn.Linear(len(pairs) * width, config.hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.hidden, task.num_emotions),
        ),
    )


def _branch(config: BimhaConfig, task: Task, modality: Modality) -> Branch:
    """Text: the last state of an LSTM, projected. Others: a network on the mean over the steps."""
    width = task.features[modality].width
    head: nn.Module
    if modality == "text":
        lstm = nn.LSTM(width, config.text_hidden, batch_first=True)
        encode: nn.Module = Lstm(lstm, read=LastStep())
        head = nn.Linear(config.text_hidden, config.width)
    else:
        encode = MeanOfRows()
        head = nn.Sequential(
            nn.Linear(width, config.width),
            nn.ReLU(),
            nn.Linear(config.width, config.width),
            nn.ReLU(),
            nn.Linear(config.width, config.width),
            nn.ReLU(),
        )
    encoder = FeatureEncoder(
        prepare=build_prepare(config, task, modality),
        layout=build_layout(padding_as_steps=False),
        encode=encode,
    )
    return Branch(encoder=encoder, head=head)
