"""What a search needs of its journal, wherever that is kept."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend

Outcome = TypeVar("Outcome")


class Journal(Protocol):
    """The journal of one search; processes of one machine, or of several, use it at once.

    `storage` is Optuna's view of the lines in `backend`. Reading and writing raise OSError while
    the journal cannot be reached.
    """

    @property
    def name(self) -> str:
        """The name of the search."""

    @property
    def place(self) -> str:
        """Where the search is, for messages."""

    @property
    def backend(self) -> BaseJournalBackend:
        """The lines."""

    @property
    def storage(self) -> JournalStorage:
        """The state that the lines give."""

    def alone(self, act: Callable[[JournalStorage], Outcome]) -> Outcome:
        """Do what no two processes may do at once, such as asking for a candidate.

        Args:
            act: Reads and writes through the storage that it gets, and no other. It may be called
                again, if another process was faster. Then its earlier lines do not exist.

        Returns:
            What `act` returned when its lines became part of the journal.
        """
