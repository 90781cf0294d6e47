"""A journal in a bucket that several machines write at once.

Each piece is added after all pieces that its writer knows. A writer that was overtaken reads what
is new and decides again: the score of a candidate is simply added later, but a candidate that was
asked for at the same time is drawn anew. So there is no lock that a dead machine could hold.
"""

from collections.abc import Callable, Sequence
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend

from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from orchestrator.search.journal.file import telling_damage, to_lines
from orchestrator.search.journal.journal import Outcome
from orchestrator.search.journal.objects import Pieces
from reports.ledger.ledger import LedgerError

Line = dict[str, Any]

NOTES = frozenset({6, 7, 8})
"""Optuna's `op_code` of lines about a candidate that was asked for: its end, scores and facts.

They change nothing for a process that asks for another candidate. All other lines do.
"""

CURE = "remove the search from the bucket to start it again: finished trials stay in the ledger"
WRITER, SOMEBODY_ELSE = "worker_id", "another"


class SharedJournal:
    """The journal of a search in a bucket; one thread uses it."""

    def __init__(self, name: str, place: str, pieces: Pieces) -> None:
        """Open the journal that consists of these pieces.

        Raises:
            LedgerError: If a piece is damaged.
        """
        self.name, self.place = name, place
        self.backend = _Backend(pieces, place)
        with telling_damage(place, CURE):
            self.storage = JournalStorage(self.backend)
        self._drafts: _Drafts | None = None

    def alone(self, act: Callable[[JournalStorage], Outcome]) -> Outcome:
        """Do what no two processes may do at once; all lines that it writes become one piece.

        So a kill leaves all of them or none.
        """
        while True:
            known = self.backend.all_lines()
            drafts, self._drafts = self._drafts or _Drafts(), None
            drafts.begin(known)
            outcome = act(drafts.storage)
            if self.backend.accept(drafts.new, after=len(known)):
                if self.backend.num_lines == len(known) + len(drafts.new):
                    self._drafts = drafts
                return outcome


class _Drafts(BaseJournalBackend):
    """The lines of a journal, and `new` ones that nobody else sees yet.

    Its storage can be used for the next draft if the new lines became the next ones of the journal:
    else it would have to apply all lines again.
    """

    def __init__(self) -> None:
        self._known: Sequence[Line] = ()
        self.new: list[Line] = []
        self.storage = JournalStorage(self)

    def begin(self, known: Sequence[Line]) -> None:
        """Begin a draft after these lines."""
        self._known, self.new = known, []

    def read_logs(self, log_number_from: int) -> list[Line]:
        """Return the lines from a number on, the new ones too."""
        start_of_new = max(0, log_number_from - len(self._known))
        return [*self._known[log_number_from:], *self.new[start_of_new:]]

    def append_logs(self, logs: list[Line]) -> None:
        """Add lines to the draft."""
        self.new += _parse([to_lines(logs)])


class _Backend(BaseJournalBackend):
    """The lines of all pieces.

    Optuna raises an error about a line of its own that comes too late, such as the score of a
    candidate that has ended. So a line counts as its own only in the call that added it.
    """

    def __init__(self, pieces: Pieces, place: str) -> None:
        self._pieces, self._place = pieces, place
        self._lines: list[Line] = []
        self._num_taken = 0
        self._is_fresh = False
        self._take()

    def read_logs(self, log_number_from: int) -> list[Line]:
        """Return the lines from a number on, those of other machines too."""
        if not self._is_fresh:  # Optuna reads after each line that it adds
            self._catch_up()
        self._is_fresh = False
        return self._lines[log_number_from:]

    def append_logs(self, logs: list[Line]) -> None:
        """Add lines; return when they are safe in the bucket."""
        content = to_lines(logs)
        while not self._add(content):
            self._catch_up()
        self._is_fresh = True

    @property
    def num_lines(self) -> int:
        """How many lines are known."""
        return len(self._lines)

    def all_lines(self) -> Sequence[Line]:
        """Return all lines that there are now."""
        self._catch_up()
        return tuple(self._lines)

    def accept(self, new: Sequence[Line], *, after: int) -> bool:
        """Add a draft, unless lines on which it depends came after those that it knew."""
        if not new:
            return True
        content = to_lines(new)
        while not self._add(content):
            self._catch_up()
            if any(line["op_code"] not in NOTES for line in self._lines[after:]):
                return False
        return True

    def _add(self, content: bytes) -> bool:
        if not self._pieces.add(content):
            return False
        self._lines += _parse([content])
        self._num_taken += 1
        return True

    def _catch_up(self) -> None:
        self._pieces.read_new()
        self._take()

    def _take(self) -> None:
        """Parse the pieces that are new; no line in them counts as ours.

        Raises:
            LedgerError: If one is damaged.
        """
        new = self._pieces.known[self._num_taken :]
        try:
            self._lines += [{**line, WRITER: SOMEBODY_ELSE} for line in _parse(new)]
        except ParseError as error:
            first, last = self._num_taken, self._num_taken + len(new) - 1
            raise LedgerError(
                f"journal '{self._place}' is damaged between '{self._pieces.name(first)}' and "
                f"'{self._pieces.name(last)}': {error}; {CURE}"
            ) from error
        self._num_taken += len(new)


def _parse(pieces: Sequence[bytes]) -> list[Line]:
    """Read the lines of some pieces.

    Raises:
        ParseError: If one is no JSON object.
    """
    lines = b"".join(pieces).splitlines()
    return parse_json(b"[" + b",".join(lines) + b"]", list[Line])
