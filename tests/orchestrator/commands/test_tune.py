from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from orchestrator.addresses.named import is_named
from orchestrator.addresses.spool import read_spooled
from orchestrator.commands.tune import tune
from orchestrator.plan.place import Place
from orchestrator.search import run_search
from orchestrator.search.goal import SearchGoal, SearchMeans
from orchestrator.sweep.studies import SweepEnd
from orchestrator.tracking.mirror import MlflowMirror
from search_spaces.errors import StudyError
from search_spaces.space import Space
from tests.reports.search.factories import make_search


def run(*arguments: str) -> object:
    """Run the command, and return how it ends."""
    return CliRunner().invoke(tune, arguments, standalone_mode=False).exception


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--trials", "0"), "0 is not in the range x>=1"),
        (("--objective", "parameters"), "a search for parameters alone finds nothing"),
        (
            ("--objective", "f1", "--objective", "macs", "--objective", "parameters"),
            "choose one of parameters and macs",
        ),
        (
            ("--objective", "f1", "--objective", "macs", "--seeds", "5"),
            "--seeds 5 chooses one winner by F1, and a front of F1 against macs has no single one",
        ),
        (("--seeds", "0"), "0 is not in the range x>=1"),
        (("--sampler", "grid"), "'grid' is not one of 'tpe', 'random'"),
        (("--objective", "accuracy"), "'accuracy' is not one of 'f1', 'parameters', 'macs'"),
    ],
)
def test_bad_option_is_told(arguments: tuple[str, ...], message: str) -> None:
    error = run("architecture", *arguments)
    assert isinstance(error, click.UsageError)
    assert message in error.format_message()


def test_space_that_does_not_exist_is_told(tmp_path: Path) -> None:
    error = run("architect", "--storage", str(tmp_path))
    assert isinstance(error, StudyError)
    assert str(error).startswith("space 'architect' does not exist; did you mean 'architecture'?")


def test_faulty_space_is_told_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from search_spaces.space import IntRange, Space\n"
        "MINE = Space(name='mine', title='Mine', systems={'le': 'search_spaces.systems.le:LE'},\n"
        "    fields=(IntRange(path='model.depht', low=2, high=1),))\n"
    )
    error = run(str(path), "--storage", str(tmp_path / "storage"))
    assert isinstance(error, StudyError)
    assert "space 'mine', field 'model.depht': its domain is empty" in str(error)
    assert [*(tmp_path / "storage").iterdir()] == []


@pytest.mark.parametrize(
    ("arguments", "stops_early"),
    [
        ((), True),
        (("--no-asha",), False),
        (("--objective", "f1", "--objective", "macs"), False),
        (("--objective", "f1", "--objective", "macs", "--asha"), True),
    ],
)
def test_f1_stops_candidates_early_only_where_it_alone_decides_or_it_is_asked_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    stops_early: bool,
) -> None:
    """By F1 alone a small model would be stopped that is on the front."""
    goals: list[SearchGoal] = []

    def search(_space: Space, _place: Place, goal: SearchGoal, *_: Any, **__: Any) -> SweepEnd:
        goals.append(goal)
        return SweepEnd(0, None)

    monkeypatch.setattr(run_search, "run_search", search)
    assert run("architecture", "--storage", str(tmp_path), *arguments) is None
    assert [goal.stops_early for goal in goals] == [stops_early]


def test_sampler_rival_and_seeds_are_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, str | None, int]] = []

    def search(_space: Space, _place: Place, goal: SearchGoal, *_: Any, **__: Any) -> SweepEnd:
        given.append((goal.sampler, goal.against, goal.num_seeds))
        return SweepEnd(0, None)

    monkeypatch.setattr(run_search, "run_search", search)
    place = ("architecture", "--storage", str(tmp_path))
    assert run(*place) is None
    more = ("--sampler", "random", "--against", "other", "--seeds", "5")
    assert run(*place, *more) is None
    assert given == [("tpe", None, 1), ("random", "other", 5)]


def test_search_is_mirrored_to_the_mlflow_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMER_SWEEP_CONFIG", str(tmp_path / "config"))
    away, result = "http://127.0.0.1:9", make_search(id="a")

    def search(*arguments: Any, **_: Any) -> SweepEnd:
        (mirror,) = (one for one in arguments if isinstance(one, MlflowMirror))
        mirror.follow_search(result)
        return SweepEnd(0, None)

    monkeypatch.setattr(run_search, "run_search", search)
    assert run("architecture", "--storage", str(tmp_path), "--tracking-uri", away) is None
    assert is_named(away)
    assert read_spooled(tmp_path, away) == [result]


@pytest.mark.parametrize(
    ("option", "measures"), [("--measure", "new"), ("--no-measure", "none"), ("", "all")]
)
def test_search_measures_as_a_study_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, measures: str
) -> None:
    given: list[SearchMeans] = []

    def search(*arguments: Any) -> SweepEnd:
        given.extend(one for one in arguments if isinstance(one, SearchMeans))
        return SweepEnd(0, None)

    monkeypatch.setattr(run_search, "run_search", search)
    options = (option,) if option else ("--measure", "--remeasure")
    assert run("architecture", "--storage", str(tmp_path), "--slots", "3", *options) is None
    (means,) = given
    assert (means.measures, means.prices) == (measures, None)
    assert (means.machines.num_slots, means.keeps_models) == (3, False)
