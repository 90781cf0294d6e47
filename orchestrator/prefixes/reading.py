"""Lets a trial read the stored maps of its frozen prefix instead of pictures."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from corpora.batches.batch import Batch
from corpora.batches.corpus import AnyCorpus, Corpus
from corpora.batches.map_column import MapColumn
from orchestrator.prefixes.arithmetic import Arithmetic
from orchestrator.prefixes.make import make_maps
from orchestrator.prefixes.plan import Prefix, file_of, prefix_of
from orchestrator.prefixes.store import PrefixStore
from search_spaces.trial import Trial


@contextmanager
def reading_maps(
    trial: Trial,
    corpus: AnyCorpus,
    storage: Path,
    arithmetic: Arithmetic,
    tell: Callable[[str], None],
) -> Iterator[AnyCorpus]:
    """Give a trial's corpus with stored maps for faces, if the trial has a frozen prefix.

    The maps are made first, if no other trial made them. If they do not fit on the disk, or the
    disk fails, the corpus is given as it is: results are the same.

    Args:
        trial: Names the model, its weights and its corpus.
        corpus: Its corpus.
        storage: Holds the maps.
        arithmetic: How the trial computes.
        tell: Called with a line when maps are made, which may take long, and if they cannot be
            stored.

    Raises:
        WeightsError: If the checkpoint of the encoder is not available.
    """
    prefix = prefix_of(trial, corpus, arithmetic)
    with ExitStack() as held:
        if prefix is not None:
            store = PrefixStore(storage)
            try:
                make = partial(_tell_and_make, prefix, tell)
                folder = held.enter_context(store.holding(prefix.key, prefix.files, make))
                corpus = _with_maps(prefix, folder)
            except OSError as error:
                tell(
                    "the maps of the frozen groups could not be stored: "
                    f"{error.strerror or error}; the trial computes them anew in each epoch"
                )
        yield corpus


def _tell_and_make(prefix: Prefix, tell: Callable[[str], None], folder: Path) -> None:
    tell(
        f"computes the maps of the frozen groups of {prefix.num_maps:,} pictures, once for all "
        "trials that share them"
    )
    make_maps(prefix, folder)


def with_empty_maps(
    trial: Trial, corpus: AnyCorpus, storage: Path, scratch: Path, arithmetic: Arithmetic
) -> AnyCorpus:
    """Return what `reading_maps` would give, but with zeros for maps, so that nothing is made.

    Args:
        trial: As in `reading_maps`, like `corpus` and `arithmetic`.
        corpus: Likewise.
        storage: Where the maps would be stored.
        scratch: The folder for the zeros, which take no space.
        arithmetic: Likewise.

    Raises:
        WeightsError: As in `reading_maps`.
    """
    prefix = prefix_of(trial, corpus, arithmetic)
    if prefix is None or not PrefixStore(storage).takes(prefix.key, sum(prefix.files.values())):
        return corpus
    scratch.mkdir(parents=True, exist_ok=True)
    for name, num_bytes in prefix.files.items():
        with (scratch / name).open("wb") as file:
            file.truncate(num_bytes)
    return _with_maps(prefix, scratch, is_checked=False)


def _with_maps(prefix: Prefix, folder: Path, *, is_checked: bool = True) -> Corpus[Batch]:
    splits = {}
    for split, part in prefix.corpus.splits.items():
        gatherer = prefix.gatherers[split]
        maps = MapColumn(
            folder / file_of(split),
            gatherer.lengths["faces"],
            shape=prefix.shape,
            dtype=prefix.dtype,
            num_candidates=len(prefix.candidates[split]),
            is_checked=is_checked,
        )
        splits[split] = part.gathered_by(gatherer.with_maps(maps))
    return replace(prefix.corpus, splits=splits)
