"""One split in a file of MMSA: a dict of arrays and lists, checked where it is read."""

import numpy as np
from numpy.typing import NDArray

from corpora.source.errors import CorpusError


class SplitContent:
    """What the file holds of a split.

    Attributes:
        where: Names file and split, for errors.
        ids: Utterances; all else has one entry for each.
    """

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, dict) or "id" not in content:
            raise CorpusError(f"{where}: a dict with 'id' is wanted; it has: {held_by(content)}")
        self.where = where
        self._content = content
        listed = self._listed("id")
        ids = [name.decode() if isinstance(name, bytes) else name for name in listed]
        self.ids = [name for name in ids if isinstance(name, str)]
        if len(self.ids) < len(ids):
            wrong = next(name for name in ids if not isinstance(name, str))
            raise CorpusError(f"{where}, id: {wrong!r} is no text, such as '03bSnISJMiM$_$11'")

    def has(self, key: str) -> bool:
        """Tell whether there is something under a key."""
        return self._content.get(key) is not None

    def listed(self, key: str) -> list[object]:
        """Return an entry for each utterance.

        Raises:
            CorpusError: If there is none, or not one for each.
        """
        found = self._listed(key)
        if len(found) != len(self.ids):
            raise CorpusError(
                f"{self.where}, {key}: there are {len(found)} entries for {len(self.ids)} "
                "utterances in 'id'"
            )
        return found

    def array(self, key: str, *shape: int | None) -> NDArray[np.generic]:
        """Return an array of numbers; its shape begins with the number of utterances.

        Args:
            key: Names it.
            shape: The rest of its shape; None stands for any number.

        Raises:
            CorpusError: If there is none, or it is another one.
        """
        self._need(key)
        try:
            array = np.asarray(self._content[key])
        except ValueError as error:
            raise CorpusError(
                f"{self.where}, {key}: rows of one length are wanted: {error}"
            ) from error
        if array.dtype.kind not in "fiub":
            raise CorpusError(f"{self.where}, {key}: it holds {array.dtype}, not numbers")
        wanted = (len(self.ids), *shape)
        pairs = zip(wanted, array.shape, strict=False)
        if array.ndim != len(wanted) or any(want not in (None, is_) for want, is_ in pairs):
            told = ", ".join("any" if number is None else str(number) for number in wanted)
            raise CorpusError(
                f"{self.where}, {key}: its shape {array.shape} is not ({told}); the first number "
                "counts the utterances in 'id'"
            )
        return array

    def _listed(self, key: str) -> list[object]:
        self._need(key)
        value = self._content[key]
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if not isinstance(value, list | tuple):
            raise CorpusError(f"{self.where}, {key}: a list is wanted, not {type(value).__name__}")
        return list(value)

    def _need(self, key: str) -> None:
        if not self.has(key):
            raise CorpusError(
                f"{self.where}: there is no '{key}'; it has: {held_by(self._content)}"
            )


def held_by(value: object) -> str:
    """Say in an error what a dict holds, or what is there instead."""
    return ", ".join(map(str, value)) if isinstance(value, dict) else type(value).__name__
