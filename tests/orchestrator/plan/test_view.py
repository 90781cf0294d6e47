"""What `plan` prints of the trials, to the letter."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.plan.plan import Plan, make_plan
from orchestrator.plan.seeds import ExtraSeeds, SeedNumbers
from orchestrator.plan.view import plan_view
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import STUDIES
from search_spaces.study import ANY_CORPUS, Row, Study
from search_spaces.trial import Trial, TrialConfig
from tests.models.own.own_files import wrap, write_own_files
from tests.orchestrator.factories import small_study
from tests.orchestrator.plan import test_folds as folds
from tests.orchestrator.plan.test_plan import CORPUS, finish

ROWS = (
    Row(name="a"),
    Row(name="b", change={"model.fusion.depth": 2}),
    Row(name="c", change={"model.fusion.depth": 1}),
)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def plan(study: Study, ledger: Ledger, num_seeds: SeedNumbers = None) -> Plan:
    return make_plan(study, CORPUS, "tiny", num_seeds, ledger)


def lines_of(plans: Sequence[Plan]) -> list[str]:
    console = Console(width=120, highlight=False)
    with console.capture() as capture:
        console.print(plan_view(plans))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_studies_are_counted_one_after_the_other(ledger: Ledger) -> None:
    layers = plan(STUDIES["layers"], ledger)
    finish(ledger, layers.trials["2-2-2-2"][0])
    finish(ledger, layers.trials["1-1-1-1"][1])
    assert lines_of([plan(STUDIES[name], ledger) for name in ("layers", "components")]) == [
        "study       corpus  scale  rows  seeds  shared  finished  to train",
        "layers      mine    tiny      6      5       0         2        28",
        "components  mine    tiny      6      5       5         0        25",
        "shared, trained once: layers/2-2-2-2 = components/+ Transformer-based Fusion + "
        "Emotion-level Embedding (5 seeds)",
        "60 rows x seeds are 55 trials, 5 saved by sharing: 2 finished, 53 to train",
    ]


def test_rows_may_have_unequal_numbers_of_seeds(ledger: Ledger) -> None:
    study = small_study().model_copy(update={"rows": ROWS})
    assert lines_of([plan(study, ledger, {"a": 2, "b": 3, "c": 1})])[1:] == [
        "small  mine    tiny      3    1-3       2         0         4",
        "shared, trained once: small/a = small/b (2 seeds)",
        "6 rows x seeds are 4 trials, 2 saved by sharing: 0 finished, 4 to train",
    ]


def test_streams_that_are_varied_are_named(ledger: Ledger) -> None:
    study = small_study(num_seeds=3).model_copy(update={"compared_with": "deep"})
    assert lines_of([plan(study, ledger, ExtraSeeds(varied=("init", "order")))])[1:3] == [
        "small  mine    tiny      2      3       2         0        10",
        "small/deep also trains with init, order varied alone, 3 seeds each",
    ]


def test_folds_are_counted_beside_the_seeds(tmp_path: Path) -> None:
    study = small_study().model_copy(update={"rows": ROWS[:2]})
    planned = make_plan(study, folds.CORPUS, "tiny", 2, Ledger(tmp_path))
    assert lines_of([planned])[1:] == [
        "small  mine    tiny      2  2 x 3 folds       6         0         6",
        "shared, trained once: small/a = small/b (6 pairs of seed and fold)",
        "12 rows x seeds x folds are 6 trials, 6 saved by sharing: 0 finished, 6 to train",
    ]


@pytest.mark.parametrize(
    ("earlier", "told"),
    [
        (("a",), "1 of the trials to train was made by an"),
        (("a", "b"), "2 of the trials to train were made by an"),
    ],
)
def test_trials_of_an_earlier_source_are_told(
    ledger: Ledger, tmp_path: Path, earlier: tuple[str, ...], told: str
) -> None:
    system = wrap(write_own_files(tmp_path / "user"))
    rows = (Row(name="a"), Row(name="b", change={"model.gate": "none"}))
    baseline = {"tiny": {ANY_CORPUS: TrialConfig(model=system)}}
    study = small_study(num_seeds=1).model_copy(update={"rows": rows, "baseline": baseline})
    for row in earlier:
        (trial,) = plan(study, ledger).trials[row]
        fields = trial.model_dump()
        fields["config"]["model"]["code"]["digest"] = "0" * 64
        finish(ledger, Trial.model_validate(fields))
    assert lines_of([plan(study, ledger)])[1:] == [
        "small  mine    tiny      2      1       0         0         2",
        "2 rows x seeds are 2 trials, 0 saved by sharing: 0 finished, 2 to train",
        f"{told} earlier gate.py, or with other modules beside it; those records stay",
    ]
