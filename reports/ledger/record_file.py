"""A record as a file: JSON whose last field is the SHA-256 of all that stands before it.

Records that were written before there was such a digest have none. Of those the key is computed
anew from the trial, which finds a record in another trial's place. Where the revision of its system
was raised, the key of a record from before cannot be computed anew.
"""

import math
from collections.abc import Iterator
from typing import TypeVar, cast

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from corpora.parsing.sealed import sealed, unsealed
from reports.ledger.record import RECORD_SCHEMA, Record

MAX_SHARED = 10_000
"""So many equal parts of records are known at most."""

Part = TypeVar("Part")

_shared: dict[tuple[type[object], str], object] = {}
"""Parts that are equal in many records, by what tells them apart. Nobody changes them."""


def record_bytes(record: Record) -> bytes:
    """Write a record as the content of its file."""
    return sealed(record, name="sha256")


def parse_record(content: bytes, key: str) -> Record:
    """Read the content of a record's file; records share what is equal in them.

    Args:
        content: What the file holds.
        key: The trial whose record it must be.

    Raises:
        ParseError: If the file is damaged or was changed, if it is the record of another trial, or
            if it holds what no finished trial leaves.
    """
    plain, has_digest = unsealed(content)
    record = parse_json(plain, Record)
    for fault in _faults(record, key, has_digest=has_digest):
        raise ParseError(fault)
    return _sharing(record)


def _sharing(record: Record) -> Record:
    """Let a record share its equal parts with others: thousands of records are held at once."""
    trial, circumstances = record.trial, record.circumstances
    of_trial = {
        "config": _share(trial.config, trial.config.model_dump_json()),
        "corpus": _share(trial.corpus, trial.corpus.model_dump_json()),
    }
    of_circumstances = {
        "libraries": _share(circumstances.libraries, repr(circumstances.libraries)),
        "recipe": _share(circumstances.recipe, repr(circumstances.recipe)),
    }
    parts = {
        "trial": trial.model_copy(update=of_trial),
        "circumstances": circumstances.model_copy(update=of_circumstances),
    }
    return record.model_copy(update=parts)


def _share(part: Part, text: str) -> Part:
    """Return the known part of the same text, or make this one known."""
    if len(_shared) >= MAX_SHARED:
        _shared.clear()
    return cast(Part, _shared.setdefault((type(part), text), part))


def _faults(record: Record, key: str, *, has_digest: bool) -> Iterator[str]:
    """Say in what a record does not fit the key, this version, or itself."""
    result, num_emotions = record.result, len(record.result.emotions)
    if record.schema_version != RECORD_SCHEMA:
        yield (
            f"it is of format {record.schema_version}, and this version reads format "
            f"{RECORD_SCHEMA}"
        )
    if record.key != key:
        yield f"it is the record of trial '{record.key}', not of '{key}'"
    if not has_digest and record.trial.config.model.revision == 1 and record.trial.key != key:
        yield f"its settings and seed are those of trial '{record.trial.key}', not of '{key}'"
    if num_emotions == 0 or len(set(result.emotions)) != num_emotions:
        yield f"its emotions are ({', '.join(result.emotions)}); each must stand there once"
    num_thresholds = num_emotions if result.task == "multilabel" else 0
    if len(result.thresholds) != num_thresholds:
        yield (
            f"it has {len(result.thresholds)} thresholds for {num_emotions} emotions of the task "
            f"{result.task}"
        )
    if not all(map(math.isfinite, result.thresholds)):
        yield "a threshold is no finite number"
    if [epoch.epoch for epoch in result.epochs] != list(range(len(result.epochs))):
        yield "its epochs are not numbered from 0 on"
    if not -1 <= result.best_epoch < len(result.epochs):
        yield f"its best epoch {result.best_epoch} is none of its {len(result.epochs)} epochs"
    if result.best_epoch == -1 and not result.has_diverged:
        yield "it has no best epoch, though the training did not diverge"
