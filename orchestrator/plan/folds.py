"""The folds that a plan trains, and what does not go with them."""

from corpora.preparation.known import KnownCorpus
from corpora.store.folds import Folds
from search_spaces.errors import StudyError
from search_spaces.trial import FoldRef


def folds_of(folds: Folds | None) -> tuple[FoldRef | None, ...]:
    """List the folds of a corpus; of one that has a single test split, None."""
    if folds is None:
        return (None,)
    return tuple(
        FoldRef(number=number, count=folds.num, name=name, digest=folds.digest)
        for number, name in enumerate(folds.names, start=1)
    )


def refuse_folds(corpus: KnownCorpus, what: str) -> None:
    """Refuse what does not go with folds.

    Raises:
        StudyError: If the corpus has folds.
    """
    if corpus.folds is not None:
        raise StudyError(
            f"corpus '{corpus.name}' has {corpus.folds.in_words}, and {what} does not go with "
            "folds yet; leave it out, or prepare the corpus under another --name without folds"
        )
