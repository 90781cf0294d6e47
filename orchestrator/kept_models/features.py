"""The features that a trained model has learned: its penultimate layer on the test split."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.parts.outputs import outputs_of
from models.systems.xia import XiaModel
from orchestrator.kept_models.load import LoadedModel, MissingPartError
from orchestrator.training.evaluation import predict
from orchestrator.training.objective import make_objective
from reports.ledger.record import Predictions


@dataclass(frozen=True)
class LearnedFeatures:
    """Features of the test split, by modality, in the order of the predictions.

    Shapes:
        features: (U, D) for each modality, float32
    """

    features: Mapping[str, NDArray[np.float32]]
    predictions: Predictions


def read_features(trained: LoadedModel) -> LearnedFeatures:
    """Predict the test split, and collect the inputs of the last layer of each MLP.

    These are the hidden layer after its ReLU (and after a dropout, which does nothing now), for
    each modality that makes a decision.

    Raises:
        MissingPartError: If the model has no MLP for each modality.
    """
    model, record = trained.model, trained.record
    if not isinstance(model, XiaModel):
        raise MissingPartError(
            f"trial '{record.key}', system '{record.trial.config.model.system}', has no MLP for "
            "each modality; choose a trial of the system 'xia'"
        )
    before_last: dict[str, nn.Module] = {
        name: list(decide.children())[-2] for name, decide in model.decide.items()
    }
    with torch.inference_mode(), outputs_of(before_last) as outputs:
        predictions, _ = predict(
            model,
            trained.corpus.splits["test"],
            make_objective(trained.corpus, record.trial.config.training),
            record.trial.config.training.batch_size,
            record.circumstances.precision,
        )
    features = {name: torch.cat(batches).float().cpu().numpy() for name, batches in outputs.items()}
    return LearnedFeatures(features, predictions)
