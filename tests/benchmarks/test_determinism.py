import io
import sys
from pathlib import Path

import click
import pytest
from rich.console import Console

from benchmarks.determinism import STUDY_FILE, Measured, compare, show, version_of
from benchmarks.measurement import Machine
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import load_studies
from tests.reports.factories import make_split, make_trial, write_trial

MACHINE = Machine("a processor", 2, 0, 0.0, "3.11", {"torch": "2"})


def ledger_of(storage: Path, wrong_by_seed: dict[int, int]) -> Path:
    for seed, num_wrong in wrong_by_seed.items():
        write_trial(Ledger(storage), make_trial(seed), make_split(0, num_wrong))
    return storage


def test_equal_ledgers_differ_in_nothing(tmp_path: Path) -> None:
    first, other = (ledger_of(tmp_path / name, {0: 1, 1: 2}) for name in ("first", "other"))
    found = compare(first, other)
    assert (found.num_trials, found.num_others, found.num_equal) == (2, 0, 2)
    assert (found.probability, found.loss, found.f1) == (0, 0, 0)


def test_what_differs_and_what_is_missing_is_counted(tmp_path: Path) -> None:
    first = ledger_of(tmp_path / "first", {0: 1, 1: 1, 2: 1})
    found = compare(first, ledger_of(tmp_path / "other", {0: 1, 1: 3}))
    assert (found.num_trials, found.num_others, found.num_equal) == (2, 1, 1)
    assert found.probability == 0.5  # of 0.25 and 0.75
    told = io.StringIO()
    show(Measured(MACHINE, 2, {"another way": found}), Console(file=told, width=200))
    assert " 1 of 3 |" in told.getvalue()


def test_ledgers_without_a_common_trial_are_refused(tmp_path: Path) -> None:
    first, other = ledger_of(tmp_path / "first", {0: 1}), ledger_of(tmp_path / "other", {1: 1})
    with pytest.raises(ValueError, match="have no trial in common"):
        compare(first, other)


def test_study_has_two_rows_and_two_seeds(tmp_path: Path) -> None:
    file = tmp_path / "study.py"
    file.write_text(STUDY_FILE.format(num_epochs=3))
    (study,) = load_studies(file)
    configs = study.configs("drawn", "tiny")
    assert len(configs) * len(study.seeds) == 4
    assert {config.training.max_epochs for config in configs.values()} == {3}


def test_interpreter_says_what_it_has() -> None:
    assert version_of(sys.executable).startswith(f"{sys.version_info.major}.")
    with pytest.raises(click.ClickException, match="cannot be run"):
        version_of("/no/such/python")
