"""Names as papers write them."""

from corpora.source.names import SYNTHETIC, SYNTHETIC_NAMES

CORPUS_TITLES = {
    "iemocap": "IEMOCAP",
    "mosei": "CMU-MOSEI",
    "meld": "MELD",
    SYNTHETIC: "Synthetic corpus",
    **{
        name: f"Synthetic {task} corpus"
        for name, task in SYNTHETIC_NAMES.items()
        if name != SYNTHETIC
    },
}


def corpus_title(corpus: str) -> str:
    """Name a corpus as papers do."""
    return CORPUS_TITLES.get(corpus.lower(), corpus)


def name_corpus(corpus: str) -> str:
    """Name a corpus within a sentence."""
    title = corpus_title(corpus)
    return f"the {title[0].lower()}{title[1:]}" if corpus in SYNTHETIC_NAMES else title
