"""The contract of a corpus before it is prepared: labelled utterances and where their media lie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from corpora.source.label_space import LabelSpace
from corpora.source.notes import Note, unnoted
from corpora.source.rejects import Reject
from corpora.source.split import Split
from corpora.source.task import TaskKind

Modality = Literal["text", "audio", "vision"]

Frame = NDArray[np.uint8]
"""(H, W, 3), RGB."""


class Pictures(Protocol):
    """The pictures of an utterance."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that they come from, for the source's digest."""

    def frames(self, times_s: Sequence[float], note: Note = unnoted) -> Iterator[Frame]:
        """Yield what is on screen at rising times, in seconds from the utterance's start.

        The pictures may end early: then fewer frames come than times were given. `note` takes
        remarks on the way.

        Raises:
            MediaError: If none can be read.
        """


class Sound(Protocol):
    """The sound of an utterance."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it comes from, for the source's digest."""

    def wave(self, *, rate_hz: int, note: Note = unnoted) -> NDArray[np.float32] | None:
        """Read it as one channel of float samples in [-1, 1], (samples,); None if it is silent.

        `note` takes remarks on the way.

        Raises:
            MediaError: If it cannot be read.
        """


@dataclass(frozen=True)
class Utterance:
    """One labelled segment.

    `group` is the dialogue or video that it belongs to, and `speaker` who speaks, where that is
    known; `labels` are numbers in the order of the source's emotions: 0 or 1, or values of targets.
    """

    id: str
    pictures: Pictures
    sound: Sound
    duration_s: float
    text: str
    labels: tuple[float, ...]
    split: Split
    group: str
    speaker: str | None = None


@dataclass(frozen=True)
class Source:
    """All utterances of a corpus; `digest` changes whenever a label, a text or a file does.

    `rejects` are utterances that should be there and cannot be used; `left_out` counts, by reason,
    what the corpus's own rules leave out (labels outside its emotions, utterances in no split).
    `has_dialogues` says that the groups of its utterances are dialogues, although its kind does not
    say so. `without` are the modalities that features from files lack; what media lack is seen when
    they are prepared.
    """

    kind: str
    labels: LabelSpace
    utterances: tuple[Utterance, ...]
    digest: str
    rejects: tuple[Reject, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    has_dialogues: bool = False
    without: tuple[Modality, ...] = ()

    @property
    def emotions(self) -> tuple[str, ...]:
        """The names that the labels stand for: emotions, classes or targets."""
        return self.labels.names

    @property
    def task(self) -> TaskKind:
        """What the labels are."""
        return self.labels.task
