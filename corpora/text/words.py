"""Texts to words, as the vocabularies of published word vectors divide them."""

import re
from collections.abc import Iterable

_WORDS = re.compile(
    r"\w+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\d+(?:[.,]\d+)+|\w+|[^\w\s]",
    re.IGNORECASE,
)


def split_words(text: str) -> list[str]:
    """Divide a text into words, punctuation marks and halves of contractions: "do", "n't", "?".

    These are the rules of the Penn Treebank that GloVe's corpora were divided by, as far as they
    matter for speech; letters keep their case.
    """
    return _WORDS.findall(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def vocabulary_of(texts: Iterable[str]) -> frozenset[str]:
    """List the words of texts, as they are written and in lower case."""
    words = {word for text in texts for word in split_words(text)}
    return frozenset(words | {word.lower() for word in words})
