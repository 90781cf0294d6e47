"""The size of a model: multiply-accumulates of one forward pass, and its parameters."""

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode


def count_macs(model: nn.Module, inputs: object) -> int:
    """Count the multiply-accumulates of a forward pass, by PyTorch's own counter.

    Matrix products, attention and convolutions count, also on padded steps and on the zeros around
    pictures; nothing else counts. The counter does not know the fused attention of the CPU, so
    plain attention of the same size stands in. The model stays in its mode.
    """
    was_training = model.training
    model.eval()
    formulas: dict[Any, Any] = {torch.ops.aten.mkldnn_rnn_layer: _fused_rnn_flops}
    counter = FlopCounterMode(display=False, custom_mapping=formulas)
    with sdpa_kernel(SDPBackend.MATH), counter:
        model(inputs)
    model.train(was_training)
    return counter.get_total_flops() // 2


def _fused_rnn_flops(
    steps: Sequence[int],
    from_input: Sequence[int],
    from_state: Sequence[int],
    *_: object,
    out_shape: object,
) -> int:
    """Count an LSTM layer in one direction.

    Shapes:
        steps: (T, B, D), from_input: (4 hidden, D), from_state: (4 hidden, hidden)
    """
    num_steps, num_sequences, _width = steps
    return 2 * num_steps * num_sequences * (prod(from_input) + prod(from_state))


def count_parameters(model: nn.Module) -> int:
    """Count all parameters, frozen ones too."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_parameters_without_embeddings(model: nn.Module) -> int:
    """Count all parameters but the tables of embeddings.

    Counters that know only layers with multiplications report this number. The 173 M of Xia et al.
    seem to be such a count.
    """
    tables: set[Tensor] = {
        module.weight for module in model.modules() if isinstance(module, nn.Embedding)
    }
    return sum(p.numel() for p in model.parameters() if p not in tables)
