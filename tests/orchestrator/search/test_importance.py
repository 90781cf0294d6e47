from pathlib import Path

import pytest

from orchestrator.search.importance import MIN_FINISHED, measure_importances
from tests.orchestrator.search.factories import F1, PARAMETERS, open_log


def test_importances_are_of_each_objective_and_add_up_to_1(tmp_path: Path) -> None:
    """F1 depends on the head, the cost on the depth where there is one."""
    objectives = (F1, PARAMETERS)
    log = open_log(tmp_path, objectives=objectives)
    for number in range(2 * MIN_FINISHED):
        asked = log.ask(2 * MIN_FINISHED)
        assert asked is not None
        f1 = 0.6 if asked.point.values["head"] == "cls" else 0.2
        cost = 100.0 * float(str(asked.point.values.get("model.head.depth", 5)))
        log.finish(number, {"f1": f1, "parameters": cost})
    importances, why_none = measure_importances(log.study, objectives)
    assert why_none == ""
    for of_one in importances.values():
        assert sum(of_one.values()) == pytest.approx(1)
    assert max(importances["f1"], key=importances["f1"].__getitem__) == "head"
    assert importances["parameters"]["model.head.depth"] > importances["f1"]["model.head.depth"]


def test_few_candidates_have_no_importances(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    for number in range(MIN_FINISHED - 1):
        log.ask(MIN_FINISHED)
        log.finish(number, {"f1": 0.5})
    assert measure_importances(log.study, (F1,)) == (
        {},
        f"{MIN_FINISHED - 1} candidates are finished, and they take {MIN_FINISHED}",
    )
