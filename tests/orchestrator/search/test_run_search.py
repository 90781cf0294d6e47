import io
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator import training_session
from orchestrator.known_corpus import know_corpus
from orchestrator.machines import THIS_MACHINE
from orchestrator.run_studies import SweepEnd
from orchestrator.search.points import Points
from orchestrator.search.run_search import run_search
from orchestrator.search.search import open_search
from reports.search_result import SearchResult
from search_spaces.errors import StudyError
from search_spaces.space import IntRange, Space
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.search.factories import F1, SPACE


def run(storage: Path, num_candidates: int, space: Space = SPACE) -> tuple[SweepEnd, str]:
    printed = io.StringIO()
    end = run_search(
        space,
        corpus=CORPUS,
        scale=None,
        objectives=(F1,),
        num_candidates=num_candidates,
        seed=0,
        stops_early=True,
        storage=storage,
        machines=THIS_MACHINE,
        keeps_models=False,
        console=Console(file=printed, width=80),
    )
    return end, printed.getvalue()


@pytest.fixture(autouse=True)
def _no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("it wants to train")

    monkeypatch.setattr(training_session, "training_session", fail)


def test_complete_search_is_shown_again_without_training(storage: Path) -> None:
    points = Points(SPACE, know_corpus(CORPUS, storage), "tiny")
    search = open_search(points, (F1,), num_candidates=3, seed=0, storage=storage)
    keys = []
    for number in range(3):
        asked = search.log.ask(3)
        assert asked is not None
        keys.append(points.key_of(asked.point))
        search.log.finish(number, {"f1": 0.5 + number / 10})
    end, printed = run(storage, 3)
    assert end == SweepEnd(0, None)
    assert "3 finished" in printed
    folder = storage / "searches" / f"small-{CORPUS}-tiny-f1"
    assert str(folder / "search.json") in printed
    result = SearchResult.model_validate_json((folder / "search.json").read_text())
    assert [one.is_best for one in result.candidates] == [False, False, True]
    assert [one.key for one in result.candidates] == keys
    assert result.no_importances.startswith("3 candidates are finished")
    with pytest.raises(AssertionError, match="it wants to train"):
        run(storage, 4)


def test_faulty_space_starts_nothing(storage: Path) -> None:
    space = SPACE.model_copy(update={"fields": (IntRange(path="model.depht", low=1, high=2),)})
    with pytest.raises(StudyError, match="model has no field 'depht'"):
        run(storage, 3, space)
    assert not (storage / "searches").exists()
