"""Checking features from files before anything is prepared: all faults are told together."""

from collections import Counter
from collections.abc import Iterator, Sequence

from corpora.feature_files.store import NotFiniteError, StoredFeatures
from corpora.source.errors import CorpusError
from corpora.source.utterance import Modality

_MAX_TOLD = 10
"""So many faults of one kind are told."""

_REMEDY = (
    "mend these files, leave the utterances out, or give --nan zero: then 0 stands for such numbers"
)


def check_features(features: StoredFeatures, ids: Sequence[str], where: str) -> int:
    """Read the features of all utterances once, one after another.

    Args:
        features: The features.
        ids: The utterances.
        where: Names the files in an error.

    Returns:
        The number of values that were NaN or infinite, for which 0 stands.

    Raises:
        CorpusError: If the features of an utterance are missing, are no matrix, or have another
            width than those of others, or if numbers are not finite.
    """
    faults: list[str] = []
    not_finite: list[str] = []
    num_filled = 0
    for modality in features.store.modalities:
        widths: dict[str, int] = {}
        for utterance in ids:
            try:
                matrix, num_wrong = features.matrix(utterance, modality)
            except NotFiniteError as error:
                not_finite.append(f"utterance '{utterance}', {modality}: {error}")
            except CorpusError as error:
                faults.append(f"utterance '{utterance}', {modality}: {error}")
            else:
                num_filled += num_wrong
                widths[utterance] = matrix.shape[1]
        faults += _other_widths(widths, modality)
    told = [*_few(faults), *_few(not_finite), *([_REMEDY] if not_finite else [])]
    if told:
        raise CorpusError(f"{where}:\n" + "\n".join(f"  {fault}" for fault in told))
    return num_filled


def _other_widths(widths: dict[str, int], modality: Modality) -> Iterator[str]:
    """Name the utterances whose rows are not as wide as most."""
    counts = Counter(widths.values())
    if len(counts) < 2:
        return
    ((usual, num_usual),) = counts.most_common(1)
    for utterance, width in widths.items():
        if width != usual:
            yield (
                f"utterance '{utterance}', {modality}: a row has {width} numbers, but {usual} in "
                f"{num_usual} other utterances"
            )


def _few(faults: Sequence[str]) -> list[str]:
    num_more = len(faults) - _MAX_TOLD
    return [*faults[:_MAX_TOLD], *([f"and {num_more} more"] if num_more > 0 else [])]
