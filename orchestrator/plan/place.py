"""Where a study runs: the corpus, the scale and the storage."""

from dataclasses import dataclass
from pathlib import Path

from search_spaces.terms import Scale


@dataclass(frozen=True)
class Place:
    """A prepared corpus, a scale (None for the corpus's own), and the storage folder."""

    corpus: str
    scale: Scale | None
    storage: Path
