"""Texts to token ids: a tokenizer of a pretrained model, or one fitted on the corpus."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer, normalizers
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordLevelTrainer
from torch import Tensor

SPECIAL_TOKENS = ("<pad>", "<unk>", "[CLS]", "[SEP]")


@dataclass(frozen=True)
class TokenSettings:
    """How texts become ids: by the tokenizer of `weights`, or by one fitted with `vocabulary`."""

    weights: str | None
    vocabulary: int
    max_tokens: int


def make_tokenizer(settings: TokenSettings, train_texts: Sequence[str]) -> Tokenizer:
    """Load the pretrained tokenizer that the settings name, or fit one on the training texts."""
    if settings.weights is not None:
        tokenizer = pretrained_tokenizer(settings.weights)
    else:
        tokenizer = fit_tokenizer(train_texts, vocabulary=settings.vocabulary)
    tokenizer.enable_truncation(settings.max_tokens)
    return tokenizer


def fit_tokenizer(texts: Sequence[str], *, vocabulary: int) -> Tokenizer:
    """Fit a word tokenizer: the `vocabulary` most frequent words, equal ones in alphabetical order.

    Texts become `[CLS] words [SEP]` in lower case; padding has id 0.
    """
    tokenizer = Tokenizer(WordLevel(unk_token=SPECIAL_TOKENS[1]))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = WordLevelTrainer(
        vocab_size=vocabulary, special_tokens=list(SPECIAL_TOKENS), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    cls_id, sep_id = (tokenizer.token_to_id(token) for token in SPECIAL_TOKENS[2:])
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls_id), ("[SEP]", sep_id)]
    )
    tokenizer.enable_padding(pad_id=0, pad_token=SPECIAL_TOKENS[0])
    return tokenizer


def pretrained_tokenizer(weights: str) -> Tokenizer:
    """Load the tokenizer that belongs to a pretrained text encoder, a hub name or a folder.

    No code of the folder is run: by default `transformers` would ask at the terminal.
    """
    from transformers import AutoTokenizer  # takes seconds to load

    pretrained = AutoTokenizer.from_pretrained(weights, trust_remote_code=False)
    tokenizer: Tokenizer = pretrained.backend_tokenizer
    tokenizer.enable_padding(pad_id=pretrained.pad_token_id, pad_token=pretrained.pad_token)
    return tokenizer


def no_tokens(texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return empty ids for texts that no model reads.

    Shapes:
        -> (U, 0) int32, (U, 0) bool
    """
    shape = (len(texts), 0)
    return torch.zeros(shape, dtype=torch.int32), torch.zeros(shape, dtype=torch.bool)


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Turn texts into ids.

    Shapes:
        -> (U, T) int32 ids, padded; (U, T) bool, True where a token is real
    """
    encodings = tokenizer.encode_batch(list(texts))
    return (
        torch.tensor([encoding.ids for encoding in encodings], dtype=torch.int32),
        torch.tensor([encoding.attention_mask for encoding in encodings], dtype=torch.bool),
    )
