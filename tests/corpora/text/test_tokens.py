from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast

from corpora.text.tokens import (
    SPECIAL_TOKENS,
    TokenSettings,
    encode,
    fit_tokenizer,
    make_tokenizer,
    no_tokens,
)

TEXTS = ["Well, well well.", "it is well", "it was odd"]


def test_fitted_tokenizer_knows_the_most_frequent_words_in_a_fixed_order() -> None:
    vocabulary = fit_tokenizer(TEXTS, vocabulary=7).get_vocab()
    assert sorted(vocabulary, key=vocabulary.__getitem__) == [*SPECIAL_TOKENS, "well", "it", ","]


def test_texts_are_framed_padded_and_cut() -> None:
    settings = TokenSettings(weights=None, vocabulary=100, max_tokens=4)
    tokenizer = make_tokenizer(settings, TEXTS)
    tokens, mask = encode(tokenizer, ["it", "it is well is well", "unheard"])
    words = [[tokenizer.id_to_token(token) for token in line] for line in tokens.tolist()]
    assert words == [
        ["[CLS]", "it", "[SEP]", "<pad>"],
        ["[CLS]", "it", "is", "[SEP]"],
        ["[CLS]", "<unk>", "[SEP]", "<pad>"],
    ]
    assert mask.tolist() == [[True] * 3 + [False], [True] * 4, [True] * 3 + [False]]
    assert tokens.dtype == torch.int32


def test_pretrained_tokenizer_is_read_from_its_folder(tmp_path: Path) -> None:
    vocabulary = {token: number for number, token in enumerate([*SPECIAL_TOKENS, "it", "is"])}
    model = Tokenizer(WordLevel(vocabulary, unk_token=SPECIAL_TOKENS[1]))
    PreTrainedTokenizerFast(tokenizer_object=model, pad_token=SPECIAL_TOKENS[0]).save_pretrained(
        tmp_path
    )
    settings = TokenSettings(weights=str(tmp_path), vocabulary=0, max_tokens=50)
    tokens, _ = encode(make_tokenizer(settings, []), ["it"])
    assert tokens.tolist() == [[4]]


def test_padding_is_the_checkpoints_own(tmp_path: Path) -> None:
    vocabulary = {"[UNK]": 0, "it": 1, "is": 2, "[PAD]": 3}
    model = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    model.pre_tokenizer = WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=model, pad_token="[PAD]").save_pretrained(tmp_path)
    settings = TokenSettings(weights=str(tmp_path), vocabulary=0, max_tokens=50)
    tokens, mask = encode(make_tokenizer(settings, []), ["it", "it is"])
    assert tokens.tolist() == [[1, 3], [1, 2]]
    assert mask.tolist() == [[True, False], [True, True]]


def test_texts_that_nobody_reads_have_no_tokens() -> None:
    tokens, mask = no_tokens(TEXTS)
    assert tokens.shape == mask.shape == (3, 0)
