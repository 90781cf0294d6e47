"""What a recipe makes of one utterance, and how it is shown the utterance."""

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
    """One utterance, ready to be written: the recipe's own columns, a value each.

    Attributes:
        columns: By the names of the recipe's schema.
        num_frames: Windows, or rows of a face's features.
        num_faces: Those of them that show a face.
        num_chunks: Spectrograms, or rows of a sound's features.
        widths: Of features, how many numbers a row has, by modality.
        remarks: What the utterance lacks.
    """

    columns: Mapping[str, pa.Array]
    num_frames: int
    num_faces: int
    num_chunks: int
    widths: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


class ClipForm(Protocol):
    """A recipe at work on one utterance: is shown the frames it wants, then the sound."""

    @property
    def times_s(self) -> Sequence[float]:
        """The frames that it wants, in seconds from the utterance's start."""

    @property
    def rate_hz(self) -> int | None:
        """Samples a second of the sound that it wants; None if it wants none."""

    def see(self, frame: Frame, faces: Faces) -> None:
        """Take the frame of the next of `times_s`."""

    def finish(self, wave: NDArray[np.float32] | None) -> PreparedClip:
        """Take the sound, None for silence, after all frames that there are.

        Raises:
            MediaError: If the recipe cannot do with what there is.
        """


FormMaker = Callable[[Utterance], ClipForm]


def one_list(values: NDArray[np.generic]) -> pa.LargeListArray:
    """Make the list column's value of one row, without a copy."""
    flat = values.reshape(-1)
    return pa.LargeListArray.from_arrays(pa.array([0, len(flat)], pa.int64()), pa.array(flat))
