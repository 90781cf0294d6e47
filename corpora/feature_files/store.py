"""Features of utterances that lie in files: their contract, and how they become a corpus's."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpora.recipes.handcrafted import MODALITIES, Handcrafted
from corpora.source.errors import CorpusError
from corpora.source.utterance import Modality, Source

Matrix = NDArray[np.float32]
"""(T, D): T rows in time, of D numbers."""

_BLANK = np.zeros((1, 1), dtype=np.float32)
"""What stands in for a modality that no utterance has."""


class FeatureStore(Protocol):
    """Where features lie: read one utterance and one modality at a time."""

    @property
    def modalities(self) -> Sequence[Modality]:
        """The modalities that it holds."""

    @property
    def digest(self) -> str:
        """The SHA-256 of all that it holds."""

    def load(self, utterance: str, modality: Modality) -> NDArray[np.generic]:
        """Read what it holds of an utterance, as it is there.

        Raises:
            CorpusError: If it is missing, or cannot be read.
        """


@dataclass(frozen=True)
class StoredFeatures:
    """The features of a corpus, made of what a store holds.

    Attributes:
        store: Holds them.
        fills: Whether 0 stands for a number that is NaN or infinite; else such a number is a fault.
    """

    store: FeatureStore
    fills: bool

    @property
    def digest(self) -> str:
        """The SHA-256 of what is read, and of whether gaps are filled."""
        if not self.fills:
            return self.store.digest
        return hashlib.sha256(f"{self.store.digest}, gaps are 0".encode()).hexdigest()

    @property
    def lacking(self) -> tuple[Modality, ...]:
        """The modalities that no utterance has."""
        return tuple(each for each in MODALITIES if each not in self.store.modalities)

    def features(self, utterance_id: str) -> Handcrafted:
        """Read an utterance.

        Raises:
            CorpusError: If it is missing, or is no matrix of numbers.
        """
        matrices = {
            modality: self.matrix(utterance_id, modality)[0]
            if modality in self.store.modalities
            else _BLANK
            for modality in MODALITIES
        }
        return Handcrafted(**matrices)

    def matrix(self, utterance_id: str, modality: Modality) -> tuple[Matrix, int]:
        """Read one modality of an utterance, and count the numbers for which 0 stands.

        Raises:
            CorpusError: If it is missing, or is no matrix of numbers.
        """
        return to_matrix(self.store.load(utterance_id, modality), fills=self.fills)


@dataclass(frozen=True)
class FeatureCorpus:
    """A corpus of features from files; `num_filled` counts the numbers for which 0 stands."""

    source: Source
    features: StoredFeatures
    num_filled: int


class NotFiniteError(CorpusError):
    """A number is NaN or infinite."""


def to_matrix(values: NDArray[np.generic], *, fills: bool) -> tuple[Matrix, int]:
    """Make a matrix of finite numbers; a single row may come as a vector.

    Returns:
        The matrix, and how many of its numbers were NaN or infinite and are 0 now.

    Raises:
        CorpusError: If the values are no numbers, or have another shape.
        NotFiniteError: If some are not finite, and are not to be filled.
    """
    if values.dtype.kind not in "fiub":
        raise CorpusError(f"it holds {values.dtype}, not numbers")
    if values.ndim == 1:
        values = values[None, :]
    if values.ndim != 2 or 0 in values.shape:
        raise CorpusError(f"its shape {values.shape} is not (rows, features), both at least 1")
    with np.errstate(over="ignore"):
        matrix = np.array(values, dtype=np.float32)
    wrong = ~np.isfinite(matrix)
    num_wrong = int(wrong.sum())
    if num_wrong and not fills:
        raise NotFiniteError(f"{num_wrong} of its {matrix.size} numbers are NaN or infinite")
    matrix[wrong] = 0
    return matrix, num_wrong
