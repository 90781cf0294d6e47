import re

import pytest
from pydantic import ValidationError

from corpora.source.task import TaskKind
from search_spaces.training import LOSSES, SELECTIONS, TrainingConfig


def test_defaults_fit_every_task() -> None:
    assert [TrainingConfig().misfits(task) for task in LOSSES] == [[], [], []]


@pytest.mark.parametrize(
    ("task", "change", "fault"),
    [
        ("multiclass", {"loss": "bce"}, "loss 'bce' .* choose from cross_entropy, focal"),
        ("regression", {"loss": "focal"}, "loss 'focal' .* choose from l1, mse"),
        ("multilabel", {"loss": "l1"}, "loss 'l1' .* choose from bce, focal"),
        ("multilabel", {"selection": "best_valid_mae"}, "selection 'best_valid_mae' .* multilabel"),
        ("regression", {"selection": "best_valid_uar"}, "selection 'best_valid_uar' .* regression"),
        ("multilabel", {"sampling": "balanced"}, "needs classes, but the task is multilabel"),
        ("regression", {"label_smoothing": 0.1}, "labels of 0 and 1"),
    ],
)
def test_misfit_names_the_choices(task: TaskKind, change: dict[str, object], fault: str) -> None:
    (found,) = TrainingConfig.model_validate(change).misfits(task)
    assert re.search(fault, found)


@pytest.mark.parametrize("task", SELECTIONS)
def test_every_selection_of_a_task_fits_it(task: TaskKind) -> None:
    for selection in SELECTIONS[task]:
        assert TrainingConfig(selection=selection).misfits(task) == []


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"momentum": 0.9}, "optimizer 'adam' has no momentum"),
        ({"focal_gamma": 3.0}, "choose that loss"),
        ({"loss": "focal", "focal_gamma": 0.5}, "greater than or equal to 1"),
        ({"auxiliary_losses": {"similarity": -1.0}}, "greater than or equal to 0"),
        ({"label_smoothing": 1.0}, "less than 1"),
    ],
)
def test_field_without_what_it_belongs_to_is_told(fields: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        TrainingConfig.model_validate(fields)
