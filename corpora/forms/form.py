"""What a recipe makes of one utterance, and how it reads the utterance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpora.forms.faces import Faces
from corpora.source.rejects import Remark
from corpora.source.utterance import Frame, Utterance


@dataclass(frozen=True)
class PreparedClip:
    """One utterance, ready to be written: the recipe's own columns, with one value each.

    Attributes:
        columns: The values, by the names in the recipe's schema.
        num_frames: The number of windows, or of rows of face features.
        num_faces: How many of them show a face.
        num_chunks: The number of spectrograms, or of rows of sound features.
        widths: How many numbers a row of features has, by modality.
        remarks: What the utterance lacks, or what is odd about it.
        details: Details of remarks in words, where there are any.
    """

    columns: Mapping[str, pa.Array]
    num_frames: int
    num_faces: int
    num_chunks: int
    widths: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    details: Mapping[Remark, str] = field(default_factory=dict)


class ClipForm(Protocol):
    """A recipe at work on one utterance: it sees the frames it wants, then it gets the sound."""

    @property
    def times_s(self) -> Sequence[float]:
        """The times of the frames that it wants, in seconds from the utterance's start."""

    @property
    def rate_hz(self) -> int | None:
        """The sampling rate of the sound that it wants; None if it wants none."""

    def see(self, frame: Frame, faces: Faces) -> None:
        """Take the frame at the next of `times_s`."""

    def hear(self, wave: NDArray[np.float32] | None) -> None:
        """Take the sound, None for silence, after the last frame."""

    def finish(self) -> PreparedClip:
        """Make what is stored; the utterances of a pass were all heard before the first finishes.

        Raises:
            MediaError: If the recipe needs more than the utterance has.
        """


FormMaker = Callable[[Utterance], ClipForm]


def one_list(values: NDArray[np.generic]) -> pa.LargeListArray:
    """Make the list column's value of one row, without a copy."""
    flat = values.reshape(-1)
    return pa.LargeListArray.from_arrays(pa.array([0, len(flat)], pa.int64()), pa.array(flat))
