"""The state of running sweeps in the storage, for whoever looks from elsewhere."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from corpora.parsing.sealed import sealed, unsealed
from orchestrator.live.state import SweepState
from orchestrator.live.sweep import LiveSweep
from orchestrator.storage.driver import is_dead_here
from orchestrator.storage.leases import live_name
from orchestrator.storage.mirror import mirror_at
from orchestrator.storage.objects import ObjectStore, store_of

LOG = logging.getLogger(__name__)

FOLDER = Path(live_name("")).parent.as_posix()
FOLDER_S, BUCKET_S = 2.0, 10.0
"""How often a state is written."""


@contextmanager
def published(
    live: LiveSweep, storage: Path, driver: str, num_waiting_for_mlflow: Callable[[], int]
) -> Iterator[None]:
    """Write the state of a sweep every few seconds while the block runs, then remove it.

    Trouble with the storage is left to those who need it: a state that is not written is old.
    """
    store, name, ended = store_of(storage), live_name(driver), threading.Event()
    pause_s = FOLDER_S if mirror_at(storage) is None else BUCKET_S

    def write() -> None:
        while not ended.wait(pause_s):
            try:
                state = live.state(driver, num_waiting_for_mlflow())
                store.write(name, sealed(state))
            except OSError as error:
                LOG.debug("the state of this sweep cannot be written: %s", error)

    _remove_dead(store)
    thread = threading.Thread(target=write, name="live-state", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(BUCKET_S)
        with suppress(OSError):
            store.remove(name)


def read_states(store: ObjectStore) -> list[SweepState]:
    """Read the states of all sweeps that wrote one and did not remove it, by driver.

    Raises:
        OSError: If the storage cannot be reached.
    """
    states = []
    for name in store.names(FOLDER):
        content = store.read(name)
        with suppress(ParseError):  # damaged
            if content is not None:
                states.append(parse_json(unsealed(content)[0], SweepState, ignores_more=True))
    return states


def _remove_dead(store: ObjectStore) -> None:
    """Remove the states of drivers of this machine that have ended."""
    with suppress(OSError):
        for state in read_states(store):
            if is_dead_here(state.driver):
                store.remove(live_name(state.driver))
