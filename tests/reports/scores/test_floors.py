from pathlib import Path

import pytest

from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.scores.floors import Floors, corpus_under, find_floors
from reports.scores.trials import TrialScores
from search_spaces.terms import MetricName
from search_spaces.trial import CorpusRef
from tests.reports.factories import make_record, make_split, make_study, make_trial, write_trial
from tests.reports.floor_factory import make_linear, of_labels

# The first emotion is frequent on validation and rare on test, the second the other way round.
VALID = of_labels((1, 0), (1, 0), (1, 1), (0, 0))
TEST = of_labels((0, 1), (0, 1), (1, 1), (0, 0))


@pytest.fixture
def floors() -> Floors:
    return Floors(make_linear(VALID, TEST, emotions=("joy", "fear")))


@pytest.mark.parametrize(
    ("metric", "joy", "fear"),
    [
        ("acc", 1 / 4, 1 / 4),  # always joy, never fear
        ("wacc", 1 / 2, 1 / 2),
        ("f1", 2 / 5, 6 / 7),  # always: 2 p / (1 + p)
        ("precision", 1 / 4, 3 / 4),
        ("recall", 1, 1),
        ("auc", 1 / 2, 1 / 2),
    ],
)
def test_chance_is_the_constant_that_validation_prefers_by_each_metric(
    floors: Floors, metric: MetricName, joy: float, fear: float
) -> None:
    found = [floors.find("chance", metric, emotion) for emotion in ("joy", "fear")]
    assert found == [pytest.approx(joy), pytest.approx(fear)]
    assert floors.find("chance", metric) == pytest.approx((joy + fear) / 2)


def test_undefined_score_and_unknown_emotion_are_missing() -> None:
    floors = Floors(make_linear(VALID, of_labels((0, 1), (0, 0)), emotions=("joy", "fear")))
    assert floors.find("chance", "wacc", "joy") is None
    assert floors.find("chance", "wacc") is None
    assert floors.find("chance", "f1", "anger") is None


def test_linear_is_scored_as_a_trial_of_equal_predictions_is(tmp_path: Path) -> None:
    split = make_split(0, 4)
    record = write_trial(Ledger(tmp_path), make_trial(), split, thresholds=(0.25, 0.25, 0.25))
    scores, floors = TrialScores(Ledger(tmp_path)), Floors(make_linear(split, split))
    metrics: tuple[MetricName, ...] = ("acc", "f1", "auc")
    for metric in metrics:
        assert floors.find("linear", metric) == scores.find(record, metric)


def test_thresholds_of_linear_are_those_of_validation() -> None:
    split = make_split(0, 0)  # probabilities .25 and .75
    lower = split.probabilities / 4
    valid = make_split(0, 0)
    valid.probabilities[:] = lower
    test = make_split(0, 0)
    test.probabilities[:] = lower
    assert Floors(make_linear(valid, test)).find("linear", "f1") == 1
    assert Floors(make_linear(split, test)).find("linear", "f1") == 0


def test_without_a_corpus_or_its_file_there_are_no_floors(tmp_path: Path) -> None:
    assert find_floors(tmp_path, None) is None
    assert find_floors(tmp_path, make_trial().corpus) is None


# Whose floors


def test_floors_are_those_of_the_row_that_others_are_compared_with() -> None:
    references = {
        name: CorpusRef(name="mine", recipe=name, fingerprint=name) for name in ("le", "xia")
    }
    records = {
        name: make_record(make_trial().model_copy(update={"corpus": reference}), key=name)
        for name, reference in references.items()
    }
    for compared_with, expected in ((None, "le"), ("ours", "xia"), ("2-2-2-2", "le")):
        planned = Planned(
            study=make_study(compared_with=compared_with),
            corpus="mine",
            family="mine",
            scale="tiny",
            keys={"1-1-1-1": ("le",), "2-2-2-2": ("unfinished",), "ours": ("xia",)},
        )
        assert corpus_under(planned, records) == references[expected]
        assert corpus_under(planned, {}) is None
