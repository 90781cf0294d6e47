"""Systems that are trained for an epoch, their predictors, and the command that predicts."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from corpora.recipes.handcrafted import HandcraftedRecipe, PublishedFeatures
from corpora.recipes.pictures import XIA
from models.configs.base import SystemConfig
from orchestrator.commands.predict import predict
from orchestrator.kept_models.clips.load_predictor import load_predictor
from orchestrator.kept_models.clips.predictor import Predictor
from reports.ledger.ledger import Ledger
from reports.ledger.record import Record
from tests.models import baselines_factory, xia_factory
from tests.models import factories as le_factory

CPU = torch.device("cpu")
CORPUS = "mine"
OWN = HandcraftedRecipe(words="random", random_width=12)
FEATURES = baselines_factory.FEATURE_ROWS

XIA_VISION = xia_factory.VISION.model_copy(update={"face_px": XIA.face_px, "pool": (4, 4)})

SYSTEMS: Mapping[str, SystemConfig] = {
    "le": le_factory.TINY,
    "le_gated": le_factory.ROWS["gated"],
    "le_audio": le_factory.ROWS["audio"],
    "le_text": le_factory.ROWS["text"],
    "xia": xia_factory.change(xia_factory.FULL, vision=XIA_VISION),
    "mesm": baselines_factory.MESM,
    "emoembs": FEATURES["emoembs_random"],
    "mult": FEATURES["mult"].model_copy(update={"num_heads": 1}),
}

WEIGHT_KINDS = {"le_gated": "gates", "xia": "attention", "mesm": "sum", "emoembs": "sum"}

of_every_kind = pytest.mark.parametrize("system", ["le", *WEIGHT_KINDS])
"""Every recipe, and every way to weigh modalities."""


def loaded(record: Record, storage: Path) -> Predictor:
    return load_predictor(record, Ledger(storage), device=CPU)


def with_model(record: Record, model: SystemConfig) -> Record:
    """Copy a record as if its trial had trained another model."""
    config = record.trial.config.model_copy(update={"model": model})
    trial = record.trial.model_copy(update={"config": config})
    return record.model_copy(update={"trial": trial})


def with_recipe(record: Record, recipe: HandcraftedRecipe | PublishedFeatures | None) -> Record:
    settings = recipe.model_dump(mode="json") if recipe else {}
    circumstances = record.circumstances.model_copy(update={"recipe": settings})
    return record.model_copy(update={"circumstances": circumstances})


def call(*arguments: object) -> Result:
    return CliRunner().invoke(predict, [str(argument) for argument in arguments])
