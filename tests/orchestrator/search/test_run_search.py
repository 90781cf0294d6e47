import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from corpora.parsing.sealed import parse_sealed, unsealed
from corpora.preparation.known import know_corpus
from orchestrator.addresses.address import tracking_uri_of
from orchestrator.cluster import session as training_session
from orchestrator.cluster.machines import THIS_MACHINE
from orchestrator.plan.place import Place
from orchestrator.search.goal import SearchGoal, SearchMeans
from orchestrator.search.points import Points
from orchestrator.search.run_search import run_search
from orchestrator.search.search import Search, find_rival, open_search
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.publish import locate_place
from orchestrator.sweep.studies import SweepEnd
from orchestrator.tracking.mirror import MlflowMirror
from reports.ledger.search_result import RESULT_FILE, Objective, SamplerName, SearchResult
from search_spaces.errors import StudyError
from search_spaces.space import IntRange, Space
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.search.factories import F1, PARAMETERS, SPACE
from tests.orchestrator.tracking.factories import runs_of


def goal(num_candidates: int, sampler: SamplerName = "tpe", *more: Objective) -> SearchGoal:
    return SearchGoal((F1, *more), num_candidates, seed=0, stops_early=True, sampler=sampler)


def run(
    storage: Path,
    num_candidates: int,
    space: Space = SPACE,
    sampler: SamplerName = "tpe",
    against: str | None = None,
) -> tuple[SweepEnd, str]:
    printed = io.StringIO()
    mirror = MlflowMirror(storage, tracking_uri_of(None, storage))
    try:
        end = run_search(
            space,
            Place(CORPUS, None, storage),
            replace(goal(num_candidates, sampler), against=against),
            SearchMeans(THIS_MACHINE, "none", None, keeps_models=False),
            mirror,
            Console(file=printed, width=80),
        )
    finally:
        assert mirror.close() is None
    return end, printed.getvalue()


def begin(storage: Path, num_candidates: int, sampler: SamplerName = "tpe") -> Search:
    """Begin the search, as `run` does, and ask for nothing."""
    points = Points(SPACE, know_corpus(CORPUS, storage), "tiny")
    return open_search(points, goal(num_candidates, sampler), storage=storage)


def complete(storage: Path, num_candidates: int, sampler: SamplerName) -> Path:
    """Write a search whose candidates score ever more, and return its folder."""
    search = begin(storage, num_candidates, sampler)
    for number in range(num_candidates):
        search.log.ask(num_candidates)
        search.log.finish(number, {"f1": 0.5 + number / 100})
    run(storage, num_candidates, sampler=sampler)
    return search.folder


@pytest.fixture(autouse=True)
def _no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("it wants to train")

    monkeypatch.setattr(training_session, "training_session", fail)


@pytest.fixture(autouse=True)
def _database(storage: Path, blank_database: Path) -> None:
    shutil.copy(blank_database, storage / "mlflow.db")


def test_complete_search_is_shown_again_without_training(storage: Path) -> None:
    search = begin(storage, 3)
    keys = []
    for number in range(3):
        asked = search.log.ask(3)
        assert asked is not None
        keys.append(search.points.key_of(asked.point))
        search.log.finish(number, {"f1": 0.5 + number / 10})
    end, printed = run(storage, 3)
    assert end == SweepEnd(0, None)
    assert "3 finished" in printed
    folder = storage / "searches" / f"small-{CORPUS}-tiny-f1"
    assert str(folder / "search.json") in printed
    result = parse_sealed((folder / "search.json").read_bytes(), SearchResult)
    assert [one.is_best for one in result.candidates] == [False, False, True]
    assert [one.key for one in result.candidates] == keys
    assert result.no_importances.startswith("3 candidates are finished")
    uri = tracking_uri_of(None, storage)
    assert [run.info.status for run in runs_of(uri, "candidate")] == ["FINISHED"] * 3
    with pytest.raises(AssertionError, match="it wants to train"):
        run(storage, 4)


@pytest.mark.slow
def test_search_in_a_bucket_has_the_same_result_on_every_machine(
    storage: Path, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("searches", f"small-{CORPUS}-tiny-f1")

    def on(machine: str) -> Path:
        monkeypatch.setenv("MMER_SWEEP_CACHE", str(tmp_path / machine))
        mirror = locate_place(f"{bucket}/place")
        shutil.copytree(storage / "corpora", mirror / "corpora", dirs_exist_ok=True)
        return mirror

    search = begin(on("here"), 2)
    for number in range(2):
        search.log.ask(2)
        search.log.finish(number, {"f1": 0.5 + number / 10})
    _, printed = run(on("here"), 2)
    assert f"The same is in {bucket}/place/{folder}" in "".join(printed.splitlines())
    store = BucketStore(f"{bucket}/place")
    published = store.read(f"{folder}/{RESULT_FILE}")
    _, printed = run(on("there"), 2)
    assert "2 finished" in printed
    for machine in ("here", "there"):
        assert (on(machine) / folder / RESULT_FILE).read_bytes() == published
    assert store.read(f"{folder}/{RESULT_FILE}") == published
    with pytest.raises(AssertionError, match="it wants to train"):
        run(on("there"), 3)
    drawn = complete(on("there"), 6, "random")
    assert not (on("here") / drawn.relative_to(on("there"))).exists()
    run(on("here"), 2, against=drawn.name)
    assert f"{folder}/against-{drawn.name}.csv" in store.names(str(folder))
    run(on("there"), 2)
    assert f"{folder}/against-{drawn.name}.csv" in store.names(str(folder))


@pytest.mark.slow
def test_search_is_compared_with_another_by_its_name(storage: Path) -> None:
    drawn, chosen = (complete(storage, 6, sampler) for sampler in ("random", "tpe"))
    assert drawn.name == f"{chosen.name}-random"
    result = parse_sealed((drawn / "search.json").read_bytes(), SearchResult)
    assert (result.sampler, result.name) == ("random", drawn.name)
    _, printed = run(storage, 6, against=drawn.name)
    told = " ".join(printed.split())
    assert f"% of random searches such as '{drawn.name}' reach what this run of" in told
    for suffix in ("csv", "pdf", "png"):
        assert (chosen / f"against-{drawn.name}.{suffix}").is_file()
    assert not [*drawn.glob("against-*")]


def test_search_to_compare_with_that_does_not_exist_is_told_before_anything_starts(
    storage: Path,
) -> None:
    with pytest.raises(StudyError, match=r"no search 'any' in '.*searches'.*from none yet"):
        run(storage, 3, against="any")
    name = complete(storage, 3, "random").name
    with pytest.raises(StudyError, match=rf"did you mean '{name}'\? choose from {name}"):
        run(storage, 3, against=f"{name}x")
    assert [path.name for path in (storage / "searches").iterdir()] == [name]


def test_searches_that_have_nothing_to_compare_are_refused(storage: Path) -> None:
    folder = complete(storage, 3, "random")
    with pytest.raises(StudyError, match="it is this search"):
        run(storage, 3, sampler="random", against=folder.name)
    path = folder / "search.json"
    kept = unsealed(path.read_bytes())[0].decode()
    other = kept.replace(f'"corpus": "{CORPUS}"', '"corpus": "other"')
    path.write_text(other.replace('"scale": "tiny"', '"scale": "small"'))
    told = "it is on corpus 'other', it is at scale 'small'; name another search for F1 alone"
    with pytest.raises(StudyError, match=told):
        run(storage, 3, against=folder.name)
    path.write_text(kept.replace('"name": "f1"\n  }', '"name": "f1"\n  }, {"name": "macs"}'))
    with pytest.raises(StudyError, match="a cost is among its objectives"):
        run(storage, 3, against=folder.name)
    path.write_text(kept)
    points = Points(SPACE, know_corpus(CORPUS, storage), "tiny")
    with pytest.raises(StudyError, match="a cost is among the objectives here"):
        find_rival(points, goal(3, "tpe", PARAMETERS), folder.name, storage=storage)
    path.write_text("{")
    with pytest.raises(StudyError, match=r"is damaged .*; the command of that search writes it"):
        run(storage, 3, against=folder.name)


def test_faulty_space_starts_nothing(storage: Path) -> None:
    space = SPACE.model_copy(update={"fields": (IntRange(path="model.depht", low=1, high=2),)})
    with pytest.raises(StudyError, match="model has no field 'depht'"):
        run(storage, 3, space)
    assert not (storage / "searches").exists()
