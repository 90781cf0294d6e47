"""The causes of failures, and what helps against each."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from corpora.source.errors import CorpusError
from models.own.errors import OwnCodeError
from models.weights.errors import WeightsError
from orchestrator.errors import ChangedCodeError, ChangedWeightsError, StorageError
from orchestrator.storage.reach import UnreachedStorageError
from orchestrator.training.micro_batches import NotEnoughMemoryError
from reports.ledger.ledger import LedgerError

Cause = Literal[
    "memory", "process", "gpu", "storage", "corpus", "weights", "code", "record", "training"
]


class Meaning(NamedTuple):
    """What a cause means, and what to do about it."""

    title: str
    cure: str


MEANINGS: Mapping[Cause, Meaning] = {
    "memory": Meaning(
        "out of memory",
        "give each trial more memory (--slots with a smaller number, or a larger machine), or "
        "choose a smaller model",
    ),
    "process": Meaning(
        "the process of the trial was lost",
        "look at its log below and at the machine's kernel log (dmesg): something ended it from "
        "outside, or a library crashed",
    ),
    "gpu": Meaning(
        "a fault of the GPU",
        "look at the machine's kernel log (dmesg, lines with NVRM), and run `mmer-sweep doctor` "
        "there",
    ),
    "storage": Meaning(
        "the storage could not be read or written",
        "free space, or make the storage reachable; `mmer-sweep doctor` tries it",
    ),
    "corpus": Meaning("the prepared corpus cannot be used", "prepare the corpus again"),
    "weights": Meaning(
        "pretrained weights are missing or have changed",
        "put the weights that you mean in their place on every machine",
    ),
    "code": Meaning(
        "the code of the model cannot be loaded, or has changed",
        "make sure that all machines have the same version, then start the sweep again",
    ),
    "record": Meaning(
        "the trial's record is damaged",
        "restore the file that the message names, or move its folder away",
    ),
    "training": Meaning(
        "the training raised an exception",
        "read the traceback: it names the line of the model, or of the training, that failed",
    ),
}
"""In the order in which failures are listed."""

RETRY = "Then run the same command again: it tries what failed, and nothing else that is finished."

_OF_CLASS: Mapping[Cause, tuple[type[BaseException], ...]] = {
    "memory": (MemoryError, NotEnoughMemoryError),
    "storage": (StorageError, UnreachedStorageError),
    "corpus": (CorpusError,),
    "weights": (WeightsError, ChangedWeightsError),
    "code": (OwnCodeError, ChangedCodeError),
    "record": (LedgerError,),
}
_GPU_FAULTS = ("CUDA error", "CUDNN_STATUS", "CUBLAS_STATUS", "NCCL error", "AcceleratorError")


def cause_of(error: BaseException) -> Cause:
    """Say what caused an exception of a trial.

    The caller knows better if memory ran out: PyTorch says that in many ways.
    """
    for cause, classes in _OF_CLASS.items():
        if isinstance(error, classes):
            return cause
    if isinstance(error, OSError):
        return "storage"
    told = f"{type(error).__name__}: {error}"
    return "gpu" if any(fault in told for fault in _GPU_FAULTS) else "training"
