"""One computational sequence of the CMU Multimodal SDK: a `.csd` file, which is HDF5.

It holds `NAME/data/KEY/features`, (T, D), and `intervals`, (T, 2): the seconds at which each row
begins and ends. A key is that of a video, or `VIDEO[i]` for its segment i.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.features.optional_library import import_optional
from corpora.source.errors import CorpusError

H5PY_NOTICE = "h5py is under the BSD licence."

DAMAGE = (OSError, RuntimeError, LookupError, TypeError, ValueError, OverflowError, MemoryError)
"""What h5py raises where a file is damaged."""


class SequenceFile:
    """An open file; nothing but this file is read, whatever links are in it."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            CorpusError: If it cannot be read or is no such sequence, or h5py is not installed.
        """
        self._h5py: Any = import_optional(
            "h5py",
            wanted_by=f"'{path.name}', a .csd file,",
            install="pip install 'mmer-sweep[csd]'",
            notice=H5PY_NOTICE,
        )
        self.path = path
        try:
            root = self._h5py.File(path, "r")
            names = [name for name in root if self._is_own(root, name)]
            held = [root[name] for name in names if isinstance(root[name], self._h5py.Group)]
            data = [group["data"] for group in held if self._is_own(group, "data")]
        except DAMAGE as error:
            raise CorpusError(f"'{path}' cannot be read as HDF5: {error}") from error
        if len(data) != 1 or not isinstance(data[0], self._h5py.Group):
            raise CorpusError(
                f"'{path}' must hold one computational sequence, NAME/data; it holds: "
                f"{', '.join(root) or 'nothing'}"
            )
        self._data = data[0]

    def __contains__(self, key: str) -> bool:
        if "/" in key or "\0" in key or key in ("", "."):
            return False
        with self._telling(key):
            return self._is_own(self._data, key)

    @property
    def keys(self) -> tuple[str, ...]:
        """The videos or segments, in the order of the file."""
        with self._telling("its keys"):
            return tuple(self._data)

    def features(self, key: str) -> NDArray[np.generic]:
        """Read the rows of a key, (T, D).

        Raises:
            CorpusError: If they cannot be read.
        """
        return self._read(key, "features")

    def intervals(self, key: str) -> NDArray[np.generic]:
        """Read when each row of a key begins and ends, (T, 2), in seconds.

        Raises:
            CorpusError: If they cannot be read.
        """
        intervals = self._read(key, "intervals")
        if intervals.ndim != 2 or intervals.shape[1] != 2 or intervals.dtype.kind not in "fiu":
            raise CorpusError(
                f"'{self.path.name}', {key}: intervals of shape {intervals.shape} are not two "
                "numbers a row"
            )
        return intervals

    def _read(self, key: str, name: str) -> NDArray[np.generic]:
        with self._telling(f"{key}, {name}"):
            group = self._data[key]
            if not isinstance(group, self._h5py.Group) or not self._is_own(group, name):
                raise CorpusError(f"'{self.path.name}', {key}: it has no '{name}'")
            dataset = group[name]
            is_array = isinstance(dataset, self._h5py.Dataset)
            if not is_array or dataset.external or dataset.is_virtual:
                raise CorpusError(f"'{self.path.name}', {key}: '{name}' is no array in this file")
            array: NDArray[np.generic] = np.asarray(dataset[()])
            return array

    @contextmanager
    def _telling(self, place: str) -> Iterator[None]:
        try:
            yield
        except DAMAGE as error:
            raise CorpusError(f"'{self.path.name}', {place}: {error}") from error

    def _is_own(self, group: Any, name: str) -> bool:
        """Tell whether something is there, and is no link to elsewhere."""
        return isinstance(group.get(name, getlink=True), self._h5py.HardLink)
