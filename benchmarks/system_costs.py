"""How large is each system at the paper's scale, and what does one clip cost it?

    python -m benchmarks.system_costs

Weights are random: sizes do not depend on them. The clip lasts 4.8 s and has 32 tokens. Features
have the widths that Dai et al. (NAACL 2021) use on IEMOCAP, with 32 words, a row of sound every
100 ms and a row of the face every 500 ms. `models.macs.count_macs` counts the multiply-accumulates;
the record of a trial has the same number.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import click
import torch
from pydantic import JsonValue
from rich.console import Console

from benchmarks.measurement import markdown_table
from corpora.batches.batch import Batch, HandcraftedBatch
from corpora.recipes.handcrafted import HANDCRAFTED
from corpora.recipes.pictures import RECIPES
from models.build import build
from models.configs.base import MODALITIES
from models.configs.conv import ConvConfig
from models.configs.text import AlbertConfig, AlbertSizes, BertSizes, TextConfig
from models.macs import count_macs, count_parameters, count_parameters_without_embeddings
from models.task import Features, Task
from orchestrator.training.reference_clip import DURATION_S, NUM_TOKENS, feature_clip, picture_clip
from search_spaces.catalogue import find_study
from search_spaces.change import apply_change
from search_spaces.trial import TrialConfig

WIDTHS = {"text": 300, "audio": 142, "vision": 35}
ROWS = {"text": NUM_TOKENS, "audio": round(DURATION_S / 0.1), "vision": round(DURATION_S / 0.5)}
TASK = Task(
    emotions=("anger", "disgust", "fear", "happy", "sad", "surprise"),
    features={
        modality: Features(mean=torch.zeros(WIDTHS[modality]), std=torch.ones(WIDTHS[modality]))
        for modality in MODALITIES
    },
)


@dataclass(frozen=True)
class Cost:
    """The size of one system, and its cost for one clip."""

    name: str
    num_parameters: int
    num_parameters_without_embeddings: int
    macs: int


def without_weights(config: TrialConfig) -> TrialConfig:
    """Replace the weights of every pretrained encoder by random ones of the same sizes."""
    changes: dict[str, JsonValue] = {}
    for modality, encoder in config.model.pretrained_encoders.items():
        changes[f"model.{modality}.weights"] = "random"
        if isinstance(encoder, TextConfig):
            sizes = AlbertSizes() if isinstance(encoder, AlbertConfig) else BertSizes()
            changes[f"model.{modality}.sizes"] = sizes.model_dump()
        if isinstance(encoder, ConvConfig):
            changes[f"model.{modality}.frozen"] = []
    return apply_change(config, changes)


def costs() -> list[Cost]:
    """Build every system at the paper's scale, one after the other, and count."""
    labels = torch.zeros(1, TASK.num_emotions)
    clips: Mapping[str, Batch | HandcraftedBatch] = {
        HANDCRAFTED: feature_clip(ROWS, WIDTHS, labels),
        **{name: picture_clip(recipe, labels) for name, recipe in RECIPES.items()},
    }
    found = []
    for name, config in find_study("systems").configs("iemocap", "paper").items():
        model = build(without_weights(config).model, TASK)
        found.append(
            Cost(
                name=name,
                num_parameters=count_parameters(model),
                num_parameters_without_embeddings=count_parameters_without_embeddings(model),
                macs=count_macs(model, clips[config.model.recipe]),
            )
        )
    return found


@click.command()
def main() -> None:
    """Count parameters and multiply-accumulates of every system."""
    table = markdown_table("system", "parameters", "without embeddings", "GMAC a clip")
    for cost in costs():
        table.add_row(
            cost.name,
            f"{cost.num_parameters:,}",
            f"{cost.num_parameters_without_embeddings:,}",
            f"{cost.macs / 1e9:,.3f}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
