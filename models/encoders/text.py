"""Text encoders: ALBERT (Lan et al. 2020) and BERT (Devlin et al. 2019), and a text branch."""

from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from transformers import AlbertConfig, AlbertModel, BertConfig, BertModel, PreTrainedModel

from models.configs.text import MAX_POSITIONS, AlbertSizes, BertSizes, TextSizes
from models.groups import mark_pretrained
from models.parts.sequence import Padded
from models.weights.hub import find_checkpoint, text_weights_error

UNUSED = "pooler."
"""The pooler belongs to the checkpoint, but token states do not pass through it."""

MODELS: dict[str, type[AlbertModel] | type[BertModel]] = {"albert": AlbertModel, "bert": BertModel}
"""The class of each architecture."""


class TextEncoder(nn.Module):
    """The token states of a transformer. Its unused pooler is kept, frozen."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        for parameter in self._pooler():
            parameter.requires_grad_(False)

    def clear_pooler(self) -> None:
        """Fill the pooler with zeros, where it would hold random numbers without a seed."""
        for parameter in self._pooler():
            nn.init.zeros_(parameter)

    def _pooler(self) -> Iterator[nn.Parameter]:
        named = self.model.named_parameters()
        return (parameter for name, parameter in named if name.startswith(UNUSED))

    @property
    def width(self) -> int:
        """The length of a token state."""
        width: int = self.model.config.hidden_size
        return width

    def forward(self, tokens: Tensor, token_mask: Tensor) -> Tensor:
        """Encode each token in its sentence.

        Shapes:
            tokens: (B, T), token_mask: (B, T), bool -> (B, T, width)
        """
        mask = token_mask[:, None, None]  # (B, 1, 1, T); with two axes, PyTorch waits for values
        states: Tensor = self.model(tokens, attention_mask=mask).last_hidden_state
        return states


class TextBranch(nn.Module):
    """Token states and their projection (`nn.Identity` where a head reads the encoder itself).

    `finish` takes the sequence that this leaves; `nn.Identity` keeps it.
    """

    def __init__(
        self, *, backbone: TextEncoder, projection: nn.Module, finish: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.projection = projection
        self.finish = finish or nn.Identity()

    def forward(self, tokens: Tensor, token_mask: Tensor) -> Padded:
        """Encode the transcript; its first step is the [CLS] of the tokenizer.

        Shapes:
            tokens: (B, T), token_mask: (B, T), bool -> (B, T, D)
        """
        states = self.projection(self.backbone(tokens, token_mask))
        sequence: Padded = self.finish(Padded(states, token_mask))
        return sequence


def random_text_encoder(sizes: TextSizes) -> TextEncoder:
    """Build a text encoder without a checkpoint; an ALBERT has no dropout, like albert-base-v2."""
    match sizes:
        case AlbertSizes(embedding=embedding):
            albert = AlbertConfig(embedding_size=embedding)
            return TextEncoder(AlbertModel(_sized(albert, sizes)))
        case BertSizes(dropout=dropout):
            bert = BertConfig(hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout)
            return TextEncoder(BertModel(_sized(bert, sizes)))
    raise TypeError(f"no text encoder has sizes of {type(sizes).__name__}")


AnyConfig = TypeVar("AnyConfig", AlbertConfig, BertConfig)


def _sized(config: AnyConfig, sizes: TextSizes) -> AnyConfig:
    config.vocab_size = sizes.vocabulary
    config.hidden_size = sizes.hidden
    config.num_hidden_layers = sizes.num_layers
    config.num_attention_heads = sizes.num_heads
    config.intermediate_size = sizes.feed_forward
    config.max_position_embeddings = MAX_POSITIONS
    return config


def load_text_encoder(weights: str, *, architecture: str, max_tokens: int) -> TextEncoder:
    """Load a pretrained text encoder in float32.

    Raises:
        WeightsError: If there is no checkpoint, or its files are damaged, lack parameters that
            token states need, or have too few positions for `max_tokens`.
    """
    folder = find_checkpoint(weights, architecture).folder
    try:
        loaded: Any = MODELS[architecture].from_pretrained(
            folder,
            local_files_only=True,
            dtype=torch.float32,
            attn_implementation="sdpa",  # reads the mask as `TextEncoder` gives it
            output_loading_info=True,
        )
    except Exception as error:
        reason = f"they cannot be loaded: {error}"
        raise text_weights_error(weights, reason, architecture) from error
    model, report = loaded
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        reason = f"the checkpoint lacks {', '.join(missing)}"
        raise text_weights_error(weights, reason, architecture)
    positions = model.config.max_position_embeddings
    if max_tokens > positions:
        reason = f"it has {positions} positions, fewer than model.text.max_tokens {max_tokens}"
        raise text_weights_error(weights, reason, architecture)
    encoder = TextEncoder(model)
    if report["missing_keys"]:
        encoder.clear_pooler()
    mark_pretrained(encoder)
    return encoder
