"""Frozen states of encoders of texts: RoBERTa, DeBERTa."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from corpora.checkpoints.files import Checkpoint
from corpora.checkpoints.load import load_encoder, num_positions
from corpora.features.encoders.batches import LengthBatches, Promise, Rows, kept
from corpora.features.encoders.layers import states_of
from corpora.recipes.encoder_states import Layer
from corpora.text.tokens import pretrained_tokenizer

MAX_BATCH_TOKENS = 512
"""So many tokens go through the encoder together on a core, padding included."""


class _Tokens(NamedTuple):
    """A text: its ids, and where a token is one of its own, not [CLS] or [SEP]: (T,) each."""

    ids: Tensor
    own: Tensor


class TextStates:
    """Turns texts into an encoder's states, one row a token.

    The encoder reads special tokens such as [CLS] too, but they have no rows. A text that is longer
    than what it was trained on is cut there. A text without tokens has one row of zeros.

    Raises:
        CheckpointError: If the checkpoint is no such encoder, or has no tokenizer that can be read.
    """

    def __init__(self, checkpoint: Checkpoint, layer: Layer, *, device: str) -> None:
        self._model = load_encoder(checkpoint, device)
        self._tokenizer = _tokenizer_of(checkpoint)
        num_ids, num_known = self._tokenizer.get_vocab_size(), self._model.config.vocab_size
        if num_ids > num_known:
            raise checkpoint.error(
                f"its tokenizer has {num_ids} tokens, but it has embeddings of {num_known}",
                "copy the tokenizer that belongs to it",
            )
        self._pad_id: int = (self._tokenizer.padding or {})["pad_id"]
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(num_positions(self._model))
        self._device = device
        self._layer = layer
        self._width: int = self._model.config.hidden_size
        self._batches: LengthBatches[_Tokens] = LengthBatches(
            self._encode, lambda tokens: len(tokens.ids), max_length=MAX_BATCH_TOKENS, device=device
        )

    def __call__(self, text: str) -> Promise:
        """Ask for the rows of a text: (T, D)."""
        encoded = self._tokenizer.encode(text)
        own = torch.tensor(encoded.special_tokens_mask) == 0
        if not own.any():
            return kept(np.zeros((1, self._width), dtype=np.float32))
        return self._batches.add(_Tokens(torch.tensor(encoded.ids), own))

    @torch.inference_mode()
    def _encode(self, texts: Sequence[_Tokens]) -> list[Rows]:
        """Make the states of the texts' own tokens: (T, D) each."""
        ids = pad_sequence(
            [text.ids for text in texts], batch_first=True, padding_value=self._pad_id
        )
        mask = pad_sequence([torch.ones_like(text.ids) for text in texts], batch_first=True)
        outputs = self._model(
            ids.to(self._device), attention_mask=mask.to(self._device), output_hidden_states=True
        )
        states = states_of(outputs.last_hidden_state, outputs.hidden_states, self._layer).cpu()
        return [
            one[: len(text.ids)][text.own].numpy() for one, text in zip(states, texts, strict=True)
        ]


def _tokenizer_of(checkpoint: Checkpoint) -> Tokenizer:
    try:
        return pretrained_tokenizer(str(checkpoint.folder))
    except Exception as error:  # those of tokenizers share no base class
        raise checkpoint.error(
            f"its tokenizer cannot be read: {error}",
            "copy tokenizer.json and tokenizer_config.json, which its makers give out, beside it",
        ) from error
