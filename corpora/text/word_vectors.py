"""Word vectors: hand-crafted features of text."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.source.errors import CorpusError
from corpora.text.glove import read_glove
from corpora.text.words import split_words, vocabulary_of


class WordVectors(Protocol):
    """Turns a text into one vector for each word, or one of zeros if the text has no words."""

    @property
    def width(self) -> int:
        """Length of a vector."""

    @property
    def sha256(self) -> str | None:
        """The digest of the vectors, or None if they are made from the words themselves."""

    def vectors(self, text: str) -> NDArray[np.float32]:
        """Look the words of a text up.

        Shapes:
            -> (T, width), T at least 1
        """


def make_word_vectors(
    recipe: HandcraftedRecipe, *, texts: Iterable[str], origin: str | None
) -> WordVectors:
    """Get the word vectors that a recipe asks for.

    Args:
        recipe: Says which vectors are needed.
        texts: All texts of the corpus; only the vectors of their words are kept.
        origin: For "glove" the file, for "encoder" the folder or hub name of a pretrained text
            encoder, for "random" None.

    Raises:
        CorpusError: If `origin` holds none, or has another SHA-256 than the recipe asks for.
    """
    if recipe.words is None:
        raise CorpusError(
            f"recipe '{recipe.name}' has an encoder of text: it needs no word vectors"
        )
    if (origin is None) != (recipe.words == "random"):
        wanted = {
            "glove": "needs the file of the vectors",
            "encoder": "needs the folder or hub name of a text encoder",
            "random": f"reads no file, but '{origin}' is given",
        }
        raise CorpusError(
            f"words '{recipe.words}' {wanted[recipe.words]}; choose from {', '.join(wanted)}"
        )
    vectors: WordVectors
    if recipe.words == "glove":
        vectors = GloveVectors(Path(str(origin)), texts)
    elif recipe.words == "encoder":
        vectors = EncoderVectors(str(origin))
    else:
        vectors = RandomVectors(recipe.random_width)
    if recipe.word_vectors_sha256 not in (None, vectors.sha256):
        raise CorpusError(
            f"the word vectors of '{origin}' have SHA-256 {vectors.sha256}, the recipe "
            f"'{recipe.name}' asks for {recipe.word_vectors_sha256}; choose those vectors"
        )
    return vectors


class GloveVectors:
    """Vectors from a file, e.g. GloVe's (Pennington et al. 2014); see `read_glove`.

    A word is looked up as it is written, then in lower case; an unknown one is a row of zeros.
    `sha256` is the digest of the file itself, packed or not.
    """

    def __init__(self, path: Path, texts: Iterable[str]) -> None:
        self._vectors: Mapping[str, NDArray[np.float32]] = read_glove(path, vocabulary_of(texts))
        self.width = len(next(iter(self._vectors.values())))
        with path.open("rb") as file:
            self.sha256: str = hashlib.file_digest(file, "sha256").hexdigest()

    def vectors(self, text: str) -> NDArray[np.float32]:
        """Look the words of a text up: (T, width), T at least 1."""
        unknown = np.zeros(self.width, dtype=np.float32)
        rows = [
            self._vectors.get(word, self._vectors.get(word.lower(), unknown))
            for word in split_words(text)
        ]
        return np.stack(rows or [unknown])


class EncoderVectors:
    """The frozen word embeddings of a pretrained text encoder: one vector for each word piece.

    Position and context have no effect. `sha256` is the digest of the embedding table.
    """

    def __init__(self, weights: str) -> None:
        from transformers import AutoModel  # takes seconds to load

        from corpora.text.tokens import pretrained_tokenizer

        try:
            self._tokenizer = pretrained_tokenizer(weights)
            self._tokenizer.no_truncation()
            model = AutoModel.from_pretrained(weights, trust_remote_code=False)
            table = model.get_input_embeddings().weight
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"words 'encoder': no text encoder can be read from '{weights}' ({error}); choose "
                "a folder or hub name that holds tokenizer and weights, or words 'glove', 'random'"
            ) from error
        self._table: NDArray[np.float32] = table.detach().float().numpy().copy()
        self.width = self._table.shape[1]
        self.sha256: str = hashlib.sha256(self._table.tobytes()).hexdigest()

    def vectors(self, text: str) -> NDArray[np.float32]:
        """Look the word pieces of a text up: (T, width), T at least 1."""
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return self._table[ids] if ids else np.zeros((1, self.width), dtype=np.float32)


class RandomVectors:
    """Vectors without meaning: equal words have equal vectors, in upper and in lower case.

    Each number is uniform in [-sqrt(3), sqrt(3)], with variance 1. It comes from SHAKE-256 of the
    word, so it is the same on every machine.
    """

    sha256 = None

    def __init__(self, width: int) -> None:
        self.width = width

    def vectors(self, text: str) -> NDArray[np.float32]:
        """Make the vectors of a text's words: (T, width), T at least 1."""
        rows = [_random_vector(word.lower(), self.width) for word in split_words(text)]
        return np.stack(rows or [np.zeros(self.width, dtype=np.float32)])


@lru_cache(maxsize=65_536)
def _random_vector(word: str, width: int) -> NDArray[np.float32]:
    drawn = np.frombuffer(hashlib.shake_256(word.encode()).digest(4 * width), dtype="<u4")
    return (np.sqrt(3) * (drawn / 2**31 - 1)).astype(np.float32)
