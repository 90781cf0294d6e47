from typing import get_args

import pytest

from corpora.source.errors import CorpusError, DamagedCorpusError
from models.own.errors import OwnCodeError
from models.weights.errors import WeightsError
from orchestrator.errors import ChangedCodeError, ChangedWeightsError, StorageError
from orchestrator.failures.cause import MEANINGS, Cause, cause_of
from orchestrator.failures.failure import FailedTrial, failure_of
from orchestrator.failures.view import MAX_SHOWN, by_cause, failures_view
from orchestrator.storage.reach import UnreachedStorageError
from orchestrator.training.micro_batches import NotEnoughMemoryError
from reports.ledger.ledger import LedgerError
from tests.orchestrator.commands.test_show import text_of


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (NotEnoughMemoryError("even with 1", "no memory"), "memory"),
        (StorageError("no space"), "storage"),
        (UnreachedStorageError("no mount"), "storage"),
        (OSError("no space left on device"), "storage"),
        (CorpusError("not prepared"), "corpus"),
        (DamagedCorpusError.__new__(DamagedCorpusError), "corpus"),
        (WeightsError("text", "bert", "missing", "fetch it"), "weights"),
        (ChangedWeightsError("others"), "weights"),
        (OwnCodeError("no file"), "code"),
        (ChangedCodeError("others"), "code"),
        (LedgerError("damaged"), "record"),
        (RuntimeError("CUDA error: an illegal memory access"), "gpu"),
        (RuntimeError("shapes do not fit"), "training"),
        (KeyError("x"), "training"),
    ],
)
def test_cause_follows_from_the_error(error: Exception, cause: Cause) -> None:
    assert cause_of(error) == cause


def test_every_cause_has_a_meaning_and_a_cure() -> None:
    assert set(MEANINGS) == set(get_args(Cause))


def test_failures_are_grouped_by_cause_with_what_helps() -> None:
    lost = [
        FailedTrial(f"{n}", f"s/r/{n}", failure_of("process", "lost\ntrace"))
        for n in range(MAX_SHOWN + 2)
    ]
    full = FailedTrial("f", "s/r [b]/9", failure_of("memory", "no memory"))
    assert list(by_cause([*lost, full])) == ["memory", "process"]
    text = text_of(failures_view([*lost, full]))
    assert "1 failed: out of memory\n  s/r [b]/9: no memory\n" in text
    assert f"{MAX_SHOWN + 2} failed: the process of the trial was lost\n" in text
    assert "and 2 more" in text
    assert "trace" not in text.replace("traceback", "")
    assert " ".join(MEANINGS["memory"].cure.split()[:4]) in text
