"""Names as papers write them."""

from corpora.source.names import SYNTHETIC

CORPUS_TITLES = {"iemocap": "IEMOCAP", "mosei": "CMU-MOSEI", SYNTHETIC: "Synthetic corpus"}


def corpus_title(corpus: str) -> str:
    """Name a corpus as papers do."""
    return CORPUS_TITLES.get(corpus.lower(), corpus)


def name_corpus(corpus: str) -> str:
    """Name a corpus within a sentence."""
    return "the synthetic corpus" if corpus == SYNTHETIC else corpus_title(corpus)
