"""A machine that asks a search for candidates and tells their ends, without training them.

`python -m tests.orchestrator.search.journal.asker BUCKET NUM_CANDIDATES COPY` writes the number of
each candidate that it was given.
"""

import sys
from pathlib import Path

from orchestrator.search.journal.objects import Pieces
from orchestrator.search.journal.shared import SharedJournal
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.objects import ObjectStore
from tests.orchestrator.search.factories import open_log

NAME = "small"
BELOW = f"searches/{NAME}/journal"


def shared(store: ObjectStore, copy: Path) -> SharedJournal:
    """Open the journal as a machine with a copy of its own."""
    return SharedJournal(NAME, "the bucket", Pieces(store, BELOW, copy))


def main(uri: str, num_candidates: int, copy: Path) -> None:
    log = open_log(shared(BucketStore(uri), copy))
    while (asked := log.ask(num_candidates)) is not None:
        sys.stdout.write(f"{asked.number}\n")
        sys.stdout.flush()
        log.note_f1(asked.number, {1: 0.25})
        log.finish(asked.number, {"f1": asked.number / 100})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
