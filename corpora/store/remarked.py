"""Which utterances of a prepared corpus have a remark: a file beside the manifest."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from corpora.parsing.errors import ParseError
from corpora.parsing.sealed import parse_sealed, sealed
from corpora.source.errors import CorpusError
from corpora.source.rejects import Remark
from corpora.source.split import Split
from corpora.source.utterance import Modality

REMARKS_FILE = "remarks.json"

REMARKS_ON: Mapping[Modality, Collection[Remark]] = {
    "text": (),
    "audio": (Remark.NO_SOUND, Remark.CHANNELS_CANCEL, Remark.SEVERAL_SOUND_TRACKS),
    "vision": (
        Remark.NO_FACE,
        Remark.SEVERAL_FACES,
        Remark.NO_FRAMES,
        Remark.SHORT,
        Remark.ENDS_EARLY,
    ),
}
"""The remarks on one modality alone."""


class Remarked(BaseModel):
    """An utterance that was kept, and a remark on it; `detail` says more where there is more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    utterance: str
    split: Split
    remark: Remark
    detail: str = ""


class _Every(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    remarked: tuple[Remarked, ...]


def write_remarked(folder: Path, remarked: Sequence[Remarked]) -> None:
    """Write all remarks into the folder of a prepared corpus."""
    (folder / REMARKS_FILE).write_bytes(sealed(_Every(remarked=tuple(remarked))))


def read_remarked(folder: Path) -> tuple[Remarked, ...]:
    """Read all remarks from the folder of a prepared corpus.

    Raises:
        CorpusError: If the file is missing, as in corpora that an older version prepared, or is
            damaged.
        OSError: If it cannot be read now.
    """
    path = folder / REMARKS_FILE
    remedy = f"remove '{folder}' and prepare the corpus again"
    try:
        return parse_sealed(path.read_bytes(), _Every).remarked
    except FileNotFoundError as error:
        raise CorpusError(
            f"'{path}' does not exist: an older version prepared the corpus and kept only how many "
            f"utterances have a remark; {remedy}"
        ) from error
    except ParseError as error:
        raise CorpusError(f"'{path}' is damaged: {error}; {remedy}") from error
