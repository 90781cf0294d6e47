import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from corpora.store.manifest import Manifest
from orchestrator.training.determinism import CUBLAS_WORKSPACE, deterministic_algorithms
from orchestrator.trial.checkpoints import load_checkpoint
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.run import run_trial
from reports.ledger.ledger import CHECKPOINT_FILE, RECORD_FILE, Ledger
from reports.ledger.record import Epoch, Record
from tests.orchestrator.factories import TRAINED_FOR, small_trial

NAME, WORKSPACE = CUBLAS_WORKSPACE


class StoppedHereError(Exception):
    pass


def stop(epoch: Epoch) -> None:
    raise StoppedHereError


def setting() -> tuple[int | bool, ...]:
    cudnn = torch.backends.cudnn
    memory: Any = torch.utils.deterministic  # mypy does not see its attributes
    return (
        torch.get_deterministic_debug_mode(),
        memory.fill_uninitialized_memory,
        cudnn.deterministic,
        cudnn.benchmark,
    )


def put_without_order() -> None:
    """Do what PyTorch has no deterministic algorithm for, on a CPU either."""
    torch.zeros(2).put_(torch.tensor([0, 0]), torch.ones(2))


@pytest.fixture
def run(storage: Path, manifest: Manifest) -> Callable[..., Record]:
    def run_it(*, seed: int = 0, is_deterministic: bool = False, **hooks: Any) -> Record:
        return run_trial(
            small_trial(manifest, seed=seed),
            storage,
            trained_for=TRAINED_FOR,
            conditions=Conditions(is_deterministic=is_deterministic),
            hooks=TrialHooks(**hooks),
        )

    return run_it


def test_only_deterministic_algorithms_are_used_and_all_is_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(NAME, "")  # so that it is as before in the end
    monkeypatch.delenv(NAME)
    before = setting()
    with deterministic_algorithms(is_on=True):
        assert setting() == (2, False, True, False)
        assert os.environ[NAME] == WORKSPACE
        with pytest.raises(RuntimeError, match="does not have a deterministic implementation"):
            put_without_order()
    assert setting() == before
    put_without_order()


def test_all_is_put_back_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, ":16:8")
    before = setting()
    with pytest.raises(StoppedHereError), deterministic_algorithms(is_on=True):
        raise StoppedHereError
    assert setting() == before
    assert os.environ[NAME] == ":16:8"  # as the user says


def test_nothing_is_changed_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")  # so that it is as before in the end
    monkeypatch.delenv(NAME)
    before = setting()
    with deterministic_algorithms(is_on=False):
        assert setting() == before
        put_without_order()
    assert NAME not in os.environ


def test_trial_says_that_it_was_deterministic_and_the_next_of_its_process_is_not(
    run: Callable[..., Record], storage: Path
) -> None:
    seen: list[bool] = []

    def look(epoch: Epoch) -> None:
        seen.append(torch.are_deterministic_algorithms_enabled())

    first = run(is_deterministic=True, epoch_done=look)
    second = run(seed=1, epoch_done=look)
    assert seen == [True, True, False, False]
    records = [Ledger(storage).find(key) for key in (first.key, second.key)]
    assert [r and r.circumstances.is_deterministic for r in records] == [True, False]
    texts = [(Ledger(storage).folder(r.key) / RECORD_FILE).read_text() for r in (first, second)]
    assert ["is_deterministic" in text for text in texts] == [True, False]


def test_key_and_on_a_cpu_results_are_those_of_any_trial(
    run: Callable[..., Record], storage: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "corpora").symlink_to(storage / "corpora")
    record = run(is_deterministic=True)
    any_other = run_trial(record.trial, other, trained_for=TRAINED_FOR)
    assert (any_other.key, any_other.result) == (record.key, record.result)


@pytest.mark.parametrize(
    ("first", "then", "goes_on"),
    [(False, True, False), (True, True, True), (True, False, True)],
)
def test_epochs_that_were_not_deterministic_are_trained_anew(
    run: Callable[..., Record], first: bool, then: bool, goes_on: bool
) -> None:
    with pytest.raises(StoppedHereError):
        run(is_deterministic=first, epoch_done=stop)
    troubles: list[str] = []
    record = run(is_deterministic=then, trouble=troubles.append)
    assert record.circumstances.resumed_from_epochs == ((1,) if goes_on else ())
    assert record.circumstances.is_deterministic == then
    said = [
        "is of a training without --deterministic: the trial starts anew" in t for t in troubles
    ]
    assert said == ([] if goes_on else [True])


def test_checkpoint_from_before_is_one_of_any_algorithms(
    run: Callable[..., Record], storage: Path, manifest: Manifest
) -> None:
    folder = Ledger(storage).folder(small_trial(manifest).key)
    with pytest.raises(StoppedHereError):
        run(is_deterministic=True, epoch_done=stop)
    checkpoint = load_checkpoint(folder, torch.device("cpu"))
    assert checkpoint is not None
    assert checkpoint.is_deterministic
    content = torch.load(folder / CHECKPOINT_FILE, weights_only=True)
    del content["is_deterministic"]
    torch.save(content, folder / CHECKPOINT_FILE)
    found = load_checkpoint(folder, torch.device("cpu"))
    assert found is not None
    assert not found.is_deterministic
