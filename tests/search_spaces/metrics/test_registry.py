import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.catalogue import load_studies
from search_spaces.errors import StudyError
from search_spaces.metrics import registry
from search_spaces.metrics.metric import Metric
from search_spaces.metrics.registry import (
    BUILT_IN,
    adopt,
    check_loaded,
    find_metric,
    metric_for,
    metrics_of,
)
from search_spaces.study import Column, Study
from tests.reports.factories import make_study
from tests.test_layers import ROOT

BINS = 5


@pytest.fixture(autouse=True)
def no_own_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what other tests of this process defined, and what each test here does."""
    monkeypatch.setattr(registry, "_OWN", {})


def twice(number: int) -> int:
    return 2 * number


def gap(labels: Any, probabilities: Any) -> float:
    return float(abs(labels - probabilities).mean()) * twice(BINS)


def other_gap(labels: Any, probabilities: Any) -> float:
    return float((labels - probabilities).mean())


def test_unknown_metric_is_told_with_choices() -> None:
    with pytest.raises(StudyError, match=r"no metric 'aucc'; did you mean 'auc'.*choose from acc,"):
        find_metric("aucc")


def test_every_built_in_metric_says_what_it_is() -> None:
    for metric in BUILT_IN.values():
        assert metric.source
        assert metric.header
        low, high = metric.bounds
        assert metric.unit == "plain" or (low, high) == (0, 1)


def test_page_has_every_metric() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    for metric in BUILT_IN.values():
        (line,) = re.findall(rf"^\| `{metric.name}` \| (.*?) \|$", page, re.MULTILINE)
        tasks, of_each, about = line.split(" | ")
        assert tasks == ", ".join(metric.tasks)
        assert of_each == ("yes" if metric.of_each else "no")
        assert ("lower is better" in about) == (metric.sign < 0)
        assert ("no fraction" in about) == (metric.unit == "plain")


def test_task_admits_what_it_can_compute() -> None:
    assert {"f1", "auc", "uar", "hamming_loss"} <= set(metrics_of("multilabel"))
    assert {"f1", "uar", "auc"} <= set(metrics_of("multiclass"))
    assert {"mae", "ccc", "acc7"} <= set(metrics_of("regression"))
    assert not {"f1", "uar", "auc"} & set(metrics_of("regression"))
    with pytest.raises(
        StudyError, match="'hamming_loss' is for multilabel, but the task is multic"
    ):
        metric_for("hamming_loss", "multiclass")


def test_what_is_a_metric_of_classes_admits_the_same_task() -> None:
    for metric in BUILT_IN.values():
        if metric.among_classes:
            of_classes = find_metric(metric.among_classes)
            assert "multiclass" in metric.tasks
            assert (of_classes.needs, of_classes.sign) == ("argmax", metric.sign)


def test_own_metric_is_found_by_its_name_once_its_study_is_made() -> None:
    own = Metric(name="gap_of_tests", header="Gap", compute=gap, higher_is_better=False)
    make_study(metrics=(own,))
    assert find_metric("gap_of_tests").compute is gap
    assert own.file == "test_registry.py"


def test_digest_follows_the_function_what_it_calls_and_the_constants_that_it_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digests = {Metric(name="a", header="A", compute=one).digest for one in (gap, other_gap, twice)}
    monkeypatch.setitem(globals(), "BINS", 6)
    digests.add(Metric(name="a", header="A", compute=gap).digest)
    assert len(digests) == 4


def test_own_metric_is_stored_without_its_function_and_is_equal_to_what_was_stored() -> None:
    study = make_study(metrics=(Metric(name="stored_gap", header="Gap", compute=gap),))
    stored = Study.model_validate_json(study.model_dump_json())
    assert stored == study
    assert stored.metrics[0].compute is None
    assert find_metric("stored_gap").compute is gap  # the stored one took no place


def test_study_without_metrics_of_its_own_is_written_as_before() -> None:
    assert "metrics" not in make_study().model_dump(mode="json")


def test_function_that_is_not_loaded_is_told_with_its_file() -> None:
    stored = Metric.model_validate(
        Metric(name="unloaded_gap", header="Gap", compute=gap).model_dump()
    )
    adopt([stored])
    with pytest.raises(StudyError, match=r"--metrics-of test_registry\.py"):
        check_loaded([stored])


def test_other_function_of_the_same_name_is_told() -> None:
    first = Metric(name="changing_gap", header="Gap", compute=gap)
    adopt([first])
    check_loaded([first])
    adopt([Metric(name="changing_gap", header="Gap", compute=other_gap)])
    with pytest.raises(StudyError, match="'changing_gap' is now another function"):
        check_loaded([first])


def test_name_of_a_built_in_metric_is_taken() -> None:
    with pytest.raises(StudyError, match="'f1' is built in; give your own metric another name"):
        make_study(metrics=(Metric(name="f1", header="F1", compute=gap),))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"name": "My metric"}, "should match pattern"),
        ({"compute": len}, "has no source text; give a function that is written"),
        ({"compute": gap, "needs": "counts"}, "leave `needs` out"),
        ({"tasks": ()}, "at least 1 item"),
    ],
)
def test_wrong_own_metric_is_told(given: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(fault)):
        Metric.model_validate({"name": "own", "header": "Own"} | given)


def columns(*given: Column) -> dict[str, tuple[Column, ...]]:
    return {"*": given}


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        (Column(metric="aucc", header="A"), "column 'A': there is no metric 'aucc'; did you mean"),
        (
            Column(metric="micro_f1", header="F1", group="Sad", emotion="sad"),
            "column 'Sad F1': metric 'micro_f1' has no score of 'sad' alone",
        ),
    ],
)
def test_column_that_no_metric_fills_is_a_fault_of_the_study(column: Column, fault: str) -> None:
    with pytest.raises(StudyError, match=re.escape(fault)):
        make_study(columns=columns(column)).configs("synthetic", "tiny")


def test_column_whose_metric_the_task_does_not_admit_is_told_with_choices() -> None:
    study = make_study(columns=columns(Column(metric="mae", header="MAE")))
    (fault,) = study.metric_faults("mine", "multiclass")
    assert fault.startswith("column 'MAE': metric 'mae' is for regression, but the task is multic")
    assert "choose from acc, wacc, f1" in fault
    assert not study.metric_faults("mine", "regression")


OWN_FILE = """
from search_spaces.metrics import registry
from search_spaces.metrics.metric import Metric
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.systems.le import TINY

def error(labels, probabilities):
    return abs(labels - probabilities).mean()

OWN = Study(
    name="own-metric",
    title="Own metric",
    baseline={"tiny": {ANY_CORPUS: TINY}},
    columns={ANY_CORPUS: (Column(metric="file_error", header="Error"),)},
    rows=(Row(name="only"),),
    metrics=(Metric(name="file_error", header="Error", compute=error, higher_is_better=False),),
)
DERIVED = OWN.model_copy(update={"name": "derived"})
"""


def test_metric_of_a_study_file_keeps_its_function(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN_FILE, encoding="utf-8")
    for study in load_studies(tmp_path / "own.py"):
        check_loaded(study.metrics)
        assert study.metrics[0].file == "own.py"
