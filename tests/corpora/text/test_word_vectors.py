import gzip
import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import AlbertConfig, AlbertModel, PreTrainedTokenizerFast

from corpora.recipes.handcrafted import HandcraftedRecipe
from corpora.source.errors import CorpusError
from corpora.text.glove import read_glove
from corpora.text.tokens import SPECIAL_TOKENS
from corpora.text.word_vectors import EncoderVectors, GloveVectors, RandomVectors, make_word_vectors
from corpora.text.words import split_words, vocabulary_of

GLOVE = "the 0.5 -1\nI 1 2\nwell 3 4e-1\n. . . 7 7\nna\u00efve 5 6\nthe 9 9\n"
WORDS = ("the", "I", "well", "na\u00efve")


def write(folder: Path, content: str | bytes, name: str = "vectors.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def write_encoder(folder: Path) -> torch.Tensor:
    """Save a small text encoder that knows "it" and "is"; return its word embeddings."""
    vocabulary = {token: number for number, token in enumerate([*SPECIAL_TOKENS, "it", "is"])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=SPECIAL_TOKENS[1]))
    tokenizer.pre_tokenizer = Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=SPECIAL_TOKENS[0])
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = AlbertConfig(
        vocab_size=6,
        embedding_size=3,
        hidden_size=8,
        num_attention_heads=1,
        intermediate_size=8,
    )
    model = AlbertModel(config)
    model.save_pretrained(folder)
    return model.embeddings.word_embeddings.weight.detach()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't - I can\u2019t!", ["Do", "n't", "-", "I", "ca", "n't", "!"]),
        ("it's 'odd', 3.5 times", ["it", "'s", "'", "odd", "'", ",", "3.5", "times"]),
        ("  ", []),
    ],
)
def test_text_is_divided_as_the_vocabularies_are(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_vocabulary_has_words_as_written_and_in_lower_case() -> None:
    assert vocabulary_of(["Oh no", "no"]) == {"Oh", "oh", "no"}


@pytest.mark.parametrize("header", ["", "6 2\n"])
def test_vectors_of_the_vocabulary_are_read_the_first_of_each(header: str, tmp_path: Path) -> None:
    vectors = read_glove(write(tmp_path, header + GLOVE), {*WORDS, ". . .", "unknown"})
    assert {word: vector.tolist() for word, vector in vectors.items()} == {
        "the": [0.5, -1],
        "I": [1, 2],
        "well": pytest.approx([3, 0.4]),
        ". . .": [7, 7],
        "na\u00efve": [5, 6],
    }
    assert set(read_glove(tmp_path / "vectors.txt", {"well"})) == {"well"}


def test_packed_vectors_are_read_like_plain_ones(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "vectors.zip", "w") as archive:
        archive.writestr("glove.txt", GLOVE)
        archive.writestr("README.md", "no vectors")
    packed = write(tmp_path, gzip.compress(GLOVE.encode()), "vectors.txt.gz")
    for path in (tmp_path / "vectors.zip", packed):
        assert read_glove(path, WORDS)["I"].tolist() == [1, 2]


def test_zip_of_several_files_lists_them(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "vectors.zip", "w") as archive:
        archive.writestr("glove.50d.txt", GLOVE)
        archive.writestr("glove.300d.txt", GLOVE)
    with pytest.raises(CorpusError, match=r"holds 2; .* glove\.50d\.txt, glove\.300d\.txt"):
        read_glove(tmp_path / "vectors.zip", WORDS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("the 1 2\nwell 3\n", "line 2: 1 numbers, but the lines before have 2"),
        ("the 1 2\n\nwell 3 4 5\n", "line 3: 3 numbers"),
        ("4 2\nthe 1 2 3\n", "line 2: 3 numbers"),
        ("the\n", "line 1: 0 numbers"),
        ("the 1 two\n", "line 1: 'two' of the word 'the' is not a finite number"),
        ("other 1 2\nwell 1 nan\n", "line 2: 'nan' of the word 'well'"),
        ("andere 1 2\n", "hold none of the corpus's 4 words"),
        ("", "hold none"),
    ],
)
def test_wrong_line_is_named(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=message):
        read_glove(write(tmp_path, content), WORDS)


def test_bytes_that_are_not_utf_8_are_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, b"na\xefve 1 2\nwell 3 4\n")
    assert set(read_glove(path, {"na\ufffdve", "well"})) == {"na\ufffdve", "well"}


@pytest.mark.parametrize(
    "content", [gzip.compress(GLOVE.encode() * 99, mtime=0)[:60], b"\x1f\x8b\x08\x00broken"]
)
def test_damaged_or_missing_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, content, "vectors.gz")
    with pytest.raises(CorpusError, match=r"vectors\.gz' cannot be read"):
        read_glove(path, {"absent"})
    with pytest.raises(CorpusError, match=r"absent\.txt' cannot be read: No such file"):
        read_glove(tmp_path / "absent.txt", WORDS)


def test_glove_looks_words_up_as_written_then_in_lower_case(tmp_path: Path) -> None:
    path = write(tmp_path, GLOVE)
    glove = GloveVectors(path, ["Well, I the"])
    assert glove.vectors("WELL I unheard").tolist() == [
        pytest.approx([3, 0.4]),
        [1, 2],
        [0, 0],
    ]
    assert glove.vectors("").tolist() == [[0, 0]]
    assert glove.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_encoder_gives_its_word_embeddings_without_special_tokens(tmp_path: Path) -> None:
    table = write_encoder(tmp_path)
    encoder = EncoderVectors(str(tmp_path))
    np.testing.assert_array_equal(encoder.vectors("is it unheard"), table[[5, 4, 1]].numpy())
    assert encoder.vectors(" ").tolist() == [[0.0] * 3]
    assert encoder.width == 3
    assert encoder.sha256 == EncoderVectors(str(tmp_path)).sha256


def test_folder_without_an_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no text encoder can be read from"):
        EncoderVectors(str(tmp_path))


def test_random_vectors_are_equal_for_equal_words_and_have_unit_variance() -> None:
    vectors = RandomVectors(1_000).vectors("Well well odd")
    assert (vectors[0] == vectors[1]).all()
    assert np.abs(np.corrcoef(vectors[1], vectors[2])[0, 1]) < 0.15
    np.testing.assert_allclose(vectors.var(axis=1), 1, atol=0.1)
    np.testing.assert_allclose(vectors.mean(axis=1), 0, atol=0.15)
    drawn = int.from_bytes(hashlib.shake_256(b"well").digest(4), "little")
    assert vectors[0, 0] == pytest.approx(3**0.5 * (2 * drawn / 2**32 - 1))


@pytest.mark.parametrize("words", ["glove", "encoder", "random"])
def test_every_kind_of_word_vectors_keeps_the_contract(words: str, tmp_path: Path) -> None:
    write_encoder(tmp_path)
    origin = {"glove": str(write(tmp_path, GLOVE)), "encoder": str(tmp_path), "random": None}
    recipe = HandcraftedRecipe(words=words, random_width=5)
    made = make_word_vectors(recipe, texts=["the well"], origin=origin[words])
    for text, num_rows in (("the well", 2), ("", 1)):
        vectors = made.vectors(text)
        assert vectors.shape == (num_rows, made.width)
        assert vectors.dtype == np.float32
    assert (made.sha256 is None) == (words == "random")


@pytest.mark.parametrize(
    ("words", "origin", "message"),
    [
        ("glove", None, "words 'glove' needs the file.*choose from glove, encoder, random"),
        ("encoder", None, "words 'encoder' needs the folder"),
        ("random", "glove.txt", "words 'random' reads no file, but 'glove.txt' is given"),
    ],
)
def test_origin_that_does_not_fit_the_words_is_refused(
    words: str, origin: str | None, message: str
) -> None:
    with pytest.raises(CorpusError, match=message):
        make_word_vectors(HandcraftedRecipe(words=words), texts=[], origin=origin)


def test_other_vectors_than_the_recipe_asks_for_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GLOVE)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    for sha256, fits in ((right, True), ("0" * 64, False)):
        recipe = HandcraftedRecipe(words="glove", word_vectors_sha256=sha256)
        if fits:
            assert make_word_vectors(recipe, texts=["the"], origin=str(path)).sha256 == right
            continue
        with pytest.raises(CorpusError, match=f"have SHA-256 {right}.*asks for {sha256}"):
            make_word_vectors(recipe, texts=["the"], origin=str(path))


def test_damaged_archive_and_numbers_beyond_float32_are_told(tmp_path: Path) -> None:
    path = tmp_path / "vectors.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vectors.txt", GLOVE)
    packed = bytearray(path.read_bytes())
    packed[packed.index(b"PK\x01\x02") + 10] = 0x77  # a method of packing that nobody knows
    path.write_bytes(packed)
    for damaged, fault in (
        (path, "cannot be read"),
        (write(tmp_path, "the 1e300 1\n", "large.txt"), "is not a finite number"),
        (write(tmp_path, f"{'9' * 5_000} 2\nthe 1 2\n", "head.txt"), "2 numbers, but the lines"),
    ):
        with pytest.raises(CorpusError, match=fault):
            read_glove(damaged, WORDS)
