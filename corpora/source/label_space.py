"""What the numbers in the labels of an utterance stand for."""

from dataclasses import dataclass

from corpora.source.task import TaskKind

Range = tuple[float, float]
"""The lowest and the highest number that a target can have."""


@dataclass(frozen=True)
class LabelSpace:
    """What the labels of a corpus mean; an utterance has one number for each name.

    Attributes:
        names: The emotions, the classes if `task` is "multiclass", or the targets if it is
            "regression".
        task: What the numbers are.
        range: Within which all targets lie, where that is known; None for the other tasks.
    """

    names: tuple[str, ...]
    task: TaskKind = "multilabel"
    range: Range | None = None

    def one_hot(self, name: str) -> tuple[int, ...]:
        """Return the labels of an utterance that has one emotion, or class."""
        return tuple(int(name == other) for other in self.names)
