"""Every error of ours survives the way from a worker's process to the driver."""

import ast
import importlib
import inspect
import pickle
from collections.abc import Iterator

import pytest
from ray.exceptions import OutOfMemoryError

from corpora.checkpoints.errors import CheckpointError
from corpora.errors import UserError
from corpora.source.errors import MediaError
from corpora.source.rejects import RejectReason
from models.weights.errors import WeightsError
from orchestrator.sweep.ray_patches import LostWorkerError
from orchestrator.training.micro_batches import NotEnoughMemoryError
from tests.test_layers import ALLOWED, ROOT, sources

MADE_OF: dict[type[Exception], tuple[object, ...]] = {
    MediaError: (RejectReason.NO_FILE, "there is none"),
    CheckpointError: ("audio", "wav2vec2", "there is no such folder", "name another"),
    WeightsError: ("model.text.weights", "bert", "there is no such folder", "ask"),
    LostWorkerError: (OutOfMemoryError("killed"),),
    NotEnoughMemoryError: ("with one utterance", "CUDA out of memory\nTried to allocate"),
}
"""Those that are made of more than a message."""


def errors_of_ours() -> Iterator[type[Exception]]:
    for path in (path for package in ALLOWED for path in sources(package)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        if any(name.endswith("Error") for name in names):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for _, found in inspect.getmembers(importlib.import_module(name), inspect.isclass):
                if found.__module__ == name and issubclass(found, Exception):
                    yield found


ERRORS = [*errors_of_ours()]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_error_is_the_same_in_another_process(kind: type[Exception]) -> None:
    error = kind(*MADE_OF.get(kind, ("a message",)))
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (kind, str(error), vars(error))


CAUGHT = {
    "ApartError",  # `doctor` tells it as a finding
    *("MediaError", "LeftOutError", "UnwantedLabelError"),  # rejects an utterance, or leaves it out
    *("UnusableFileError", "_UnusableError"),  # becomes a WeightsError
    "_RefusedError",  # becomes a CorpusError
    *("NotDrawnError", "MissingPartError"),  # the figure is left out, and that is told
    *("ChangedCodeError", "ChangedWeightsError", "NotEnoughMemoryError"),  # fails one trial
    *("TooLargeError", "UnreachedStorageError", "LostWorkerError"),  # the driver decides what next
    "ParseError",  # becomes the error of whoever knows the file
    "BrokenContractError",  # becomes a line of an OwnCodeError
    "DamagedCheckpointError",  # the trial begins anew, and that is told
    "DamagedRunError",  # left out of a ledger that is pulled, and told
}
"""Errors that never end a command: whoever catches each."""


def test_error_ends_a_command_with_its_message_unless_it_is_caught() -> None:
    assert {kind.__name__ for kind in ERRORS if not issubclass(kind, UserError)} == CAUGHT


def test_errors_that_are_made_of_more_are_found() -> None:
    assert MADE_OF.keys() <= {*ERRORS}
    assert str(NotEnoughMemoryError(*map(str, MADE_OF[NotEnoughMemoryError]))).startswith(
        "out of memory with one utterance: CUDA out of memory; leave more memory to a trial"
    )
