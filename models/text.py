"""The text branch: ALBERT (Lan et al. 2020) and a projection of its token states."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AlbertConfig, AlbertModel

from models.config import MAX_POSITIONS
from models.sequence import Padded
from models.weights import WeightsError

UNUSED = "pooler."
"""ALBERT's pooler: it belongs to the checkpoint, but token states do not pass through it."""


class Albert(nn.Module):
    """ALBERT's token states. Its unused pooler is kept, frozen."""

    def __init__(self, model: AlbertModel) -> None:
        super().__init__()
        self.model = model
        self.model.pooler.requires_grad_(False)

    @property
    def width(self) -> int:
        """The length of a token state."""
        return self.model.config.hidden_size

    def forward(self, tokens: Tensor, token_mask: Tensor) -> Tensor:
        """Encode each token in its sentence.

        Shapes:
            tokens: (B, T), token_mask: (B, T), bool -> (B, T, width)
        """
        states: Tensor = self.model(tokens, attention_mask=token_mask).last_hidden_state
        return states


class PretrainedAlbert(Albert):
    """An ALBERT whose values come from a checkpoint: never drawn, trained at their own rate."""


class TextBranch(nn.Module):
    """Token states and their projection (`nn.Identity` where a head reads ALBERT itself)."""

    def __init__(self, *, backbone: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.projection = projection

    def forward(self, tokens: Tensor, token_mask: Tensor) -> Padded:
        """Encode the transcript; its first step is the [CLS] of the tokenizer.

        Shapes:
            tokens: (B, T), token_mask: (B, T), bool -> (B, T, D)
        """
        return Padded(self.projection(self.backbone(tokens, token_mask)), token_mask)


def random_albert(
    *,
    vocabulary: int,
    embedding: int,
    hidden: int,
    num_layers: int,
    num_heads: int,
    feed_forward: int,
) -> Albert:
    """Build an ALBERT without a checkpoint; like albert-base-v2 it has no dropout."""
    return Albert(
        AlbertModel(
            AlbertConfig(
                vocab_size=vocabulary,
                embedding_size=embedding,
                hidden_size=hidden,
                num_hidden_layers=num_layers,
                num_attention_heads=num_heads,
                intermediate_size=feed_forward,
                max_position_embeddings=MAX_POSITIONS,
            )
        )
    )


def load_albert(folder: Path, *, max_tokens: int) -> PretrainedAlbert:
    """Load the ALBERT that `models.weights.find_checkpoint` found, in float32.

    Raises:
        WeightsError: If the files are damaged, lack parameters that token states need, or have too
            few positions for `max_tokens`.
    """
    try:
        loaded: Any = AlbertModel.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except Exception as error:
        raise WeightsError(str(folder), f"they cannot be loaded: {error}") from error
    model, report = loaded
    missing = sorted(name for name in report["missing_keys"] if not name.startswith(UNUSED))
    if missing:
        raise WeightsError(str(folder), f"the checkpoint lacks {', '.join(missing)}")
    positions = model.config.max_position_embeddings
    if max_tokens > positions:
        reason = f"it has {positions} positions, fewer than model.text.max_tokens {max_tokens}"
        raise WeightsError(str(folder), reason)
    if report["missing_keys"]:
        nn.init.zeros_(model.pooler.weight)  # else it holds random numbers nobody seeded
        nn.init.zeros_(model.pooler.bias)
    return PretrainedAlbert(model)
