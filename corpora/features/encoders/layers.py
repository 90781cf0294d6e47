"""Which states of an encoder are taken."""

from collections.abc import Sequence

import torch
from torch import Tensor

from corpora.recipes.encoder_states import Layer


def states_of(last: Tensor, hidden: Sequence[Tensor], layer: Layer) -> Tensor:
    """Take the states that a layer names.

    Args:
        last: What the encoder gives out.
        hidden: What enters the first layer, then what each layer leaves.
        layer: Which states.
    """
    match layer:
        case "last":
            return last
        case "mean":
            return torch.stack([*hidden[1:]]).mean(0)
        case _:
            return hidden[layer]
