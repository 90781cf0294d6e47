"""Where a study is run: on which corpus, at which scale, in which storage."""

from dataclasses import dataclass
from pathlib import Path

from search_spaces.terms import Scale


@dataclass(frozen=True)
class Place:
    """A prepared corpus, a scale (None for the corpus's own), and the storage folder."""

    corpus: str
    scale: Scale | None
    storage: Path
