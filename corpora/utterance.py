"""The contract of a corpus before it is prepared: labelled utterances of media files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

SYNTHETIC = "synthetic"
"""The name, and the kind, of the corpus that is made on demand."""


@dataclass(frozen=True)
class Utterance:
    """One labelled segment of a media file.

    `group` is the speaker, dialogue or video that it belongs to; `labels` follow the source's
    emotions, 0 or 1.
    """

    id: str
    media: Path
    start_s: float
    end_s: float
    text: str
    labels: tuple[int, ...]
    split: Split
    group: str


@dataclass(frozen=True)
class Source:
    """All utterances of a corpus; `digest` changes whenever a label, a text or a file does."""

    kind: str
    emotions: tuple[str, ...]
    utterances: tuple[Utterance, ...]
    digest: str
