"""The text files of IEMOCAP's full release: evaluations and transcripts."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from corpora.iemocap.turn import Turn
from corpora.readers.intake import LeftOutError
from corpora.readers.release_files import read_lines
from corpora.source.errors import MediaError
from corpora.source.rejects import Reject, RejectReason

Evaluation = tuple[str, str]
"""Time span and label, as written."""


@dataclass
class Annotations:
    """All that the text files say about each id; a repeated line counts once."""

    evaluations: defaultdict[str, set[Evaluation]] = field(default_factory=lambda: defaultdict(set))
    transcripts: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    rejects: list[Reject] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        """Every id that a file mentions."""
        return {*self.evaluations, *self.transcripts}

    def turn_of(self, utterance_id: str) -> Turn:
        """Return what the files say about an id.

        Raises:
            LeftOutError: If it has no label, and its `XX` says that it should have none.
            MediaError: If it has no label otherwise, or has several labels or transcripts.
        """
        evaluations = self.evaluations.get(utterance_id, set())
        transcripts = self.transcripts.get(utterance_id, set())
        if not evaluations and not transcripts:
            raise MediaError(RejectReason.NO_FILE, "no file of the release speaks of it")
        if not evaluations and "XX" in utterance_id:
            raise LeftOutError("XX in the id and no label")
        if not evaluations:
            raise MediaError(RejectReason.NO_LABEL, "it has a transcript and no evaluation")
        if len(evaluations) > 1 or len(transcripts) > 1:
            what = f"{len(evaluations)} evaluations and {len(transcripts)} transcripts"
            raise MediaError(RejectReason.REPEATED, f"it has {what} that differ")
        ((span, label),) = evaluations
        start, _, end = span.strip().strip("[]").partition(" - ")
        return Turn(label=label, text=next(iter(transcripts), None), start=start, end=end)

    def add_evaluations(self, path: Path) -> None:
        """Read an evaluation file: `[start - end]`, id, label and ratings, between tabs."""
        for number, line in enumerate(read_lines(path), start=1):
            if not line.startswith("["):
                continue
            span, name, label, *_ = (*(cell.strip() for cell in line.split("\t")), "", "")
            if name:
                self.evaluations[name].add((span, label))
            else:
                self._reject_line(path, number, "an evaluation without id")

    def add_transcripts(self, path: Path, *, keep_last_piece: bool) -> None:
        """Read a transcript file: `id [start-end]: text`.

        Args:
            path: The file.
            keep_last_piece: Keep only what follows the last colon of a line. (Dai et al. 2021,
                their notebook)
        """
        for number, line in enumerate(read_lines(path), start=1):
            name = line.split(maxsplit=1)[0] if line.strip() else ""
            if "_" not in name:
                continue
            mark = ":" if keep_last_piece else "]:"
            pieces = line.split(mark) if keep_last_piece else line.split(mark, maxsplit=1)
            if len(pieces) > 1:
                self.transcripts[name].add(pieces[-1].strip())
            else:
                self._reject_line(path, number, f"'{name}' has no '{mark}' before its words")

    def _reject_line(self, path: Path, number: int, detail: str) -> None:
        place = f"{path.name}, line {number}"
        self.rejects.append(
            Reject(utterance=place, split=None, reason=RejectReason.BAD_LINE, detail=detail)
        )
