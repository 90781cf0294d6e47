"""The notes under a table, and what a terminal shows of all words around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reports.scores.cells import Outcome
from reports.scores.names import name_corpus


class Note(NamedTuple):
    """The text, and what a terminal shows instead: None for the text, "" for nothing."""

    text: str
    brief: str | None = None


@dataclass(frozen=True)
class Brief:
    """The caption, the footnotes and two kinds of notes: a few words, and whole texts."""

    caption: str
    footnotes: Mapping[str, str]
    legend: tuple[str, ...]
    notes: tuple[str, ...]


def shorten(
    caption: str, footnotes: Mapping[str, str], notes: Sequence[Note], outcomes: Sequence[Outcome]
) -> Brief:
    """Shorten the words around a table; what is about its only corpus need not name it again."""
    if len(outcomes) == 1:
        place = f" on {name_place(outcomes[0])}"
        caption = caption.replace(f" Scores{place} ", " Such scores ")
        footnotes = {letter: text.replace(place, "") for letter, text in footnotes.items()}
    return Brief(
        caption=caption,
        footnotes=footnotes,
        legend=tuple(dict.fromkeys(note.brief for note in notes if note.brief)),
        notes=tuple(note.text for note in notes if note.brief is None),
    )


def name_place(outcome: Outcome) -> str:
    """Name the corpus and the scale; scores that others made have none."""
    corpus = name_corpus(outcome.corpus)
    return corpus if outcome.is_given else f"{corpus} at the {outcome.scale} scale"
