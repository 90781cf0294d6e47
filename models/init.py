"""Initial values: one rule a kind of module, one random stream a parameter name.

Distributions are PyTorch's defaults (those of `nn.MultiheadAttention` for attention), with two
departures. Convolutions: He's uniform with bias 0, for ReLU networks that train from scratch, as
VGG19's own code base does. Embeddings and learned tokens: uniform with PyTorch's variance 1, since
a normal draw differs in its last bits between processors and a uniform one does not.
"""

from collections.abc import Callable, Iterator
from math import sqrt
from zlib import crc32

import torch
from torch import Tensor, nn
from transformers.models.albert.modeling_albert import AlbertEmbeddings

from models.groups import is_pretrained
from models.heads import EmotionClassifier, GroupWiseLinear
from models.layers import Attention
from models.transformer import ClsToken

Rule = Callable[[Tensor, torch.Generator], None]


def uniform(bound: float) -> Rule:
    """Draw from U(-bound, bound) on the CPU; every processor gives the same bits."""

    def draw(tensor: Tensor, generator: torch.Generator) -> None:
        values = torch.rand(tensor.shape, generator=generator)  # multiples of 2^-24: exact
        tensor.copy_(values.sub_(0.5).mul_(2 * bound))

    return draw


def constant(value: float) -> Rule:
    """Fill with one value."""

    def fill(tensor: Tensor, _: torch.Generator) -> None:
        tensor.fill_(value)

    return fill


def keep(_: Tensor, __: torch.Generator) -> None:
    """Leave a table that is no parameter as it was built."""


UNIT_VARIANCE = sqrt(3)


def _linear(module: nn.Linear) -> dict[str, Rule]:
    rule = uniform(1 / sqrt(module.in_features))
    return {"weight": rule, "bias": rule}


def _attention(module: Attention) -> dict[str, Rule]:
    width = module.out_bias.numel()
    return {
        "in_weight": uniform(sqrt(6 / (4 * width))),  # Xavier over (3 D, D)
        "in_bias": constant(0),
        "out_weight": uniform(1 / sqrt(width)),
        "out_bias": constant(0),
    }


def _conv(module: nn.Conv2d) -> dict[str, Rule]:
    fan_in = module.weight[0].numel()
    return {"weight": uniform(sqrt(6 / fan_in)), "bias": constant(0)}


def _group_wise_linear(module: GroupWiseLinear) -> dict[str, Rule]:
    rule = uniform(1 / sqrt(module.weight.shape[1]))
    return {"weight": rule, "bias": rule}


def _layer_norm(_: nn.Module) -> dict[str, Rule]:
    return {"weight": constant(1), "bias": constant(0)}


def _batch_norm(_: nn.Module) -> dict[str, Rule]:
    return {
        "weight": constant(1),
        "bias": constant(0),
        "running_mean": constant(0),
        "running_var": constant(1),
        "num_batches_tracked": constant(0),
    }


RULES: dict[type[nn.Module], Callable[..., dict[str, Rule]]] = {
    AlbertEmbeddings: lambda _: {"position_ids": keep, "token_type_ids": keep},
    Attention: _attention,
    ClsToken: lambda _: {"token": uniform(UNIT_VARIANCE)},
    EmotionClassifier: lambda _: {"embeddings": uniform(UNIT_VARIANCE)},
    GroupWiseLinear: _group_wise_linear,
    nn.BatchNorm2d: _batch_norm,
    nn.Conv2d: _conv,
    nn.Embedding: lambda _: {"weight": uniform(UNIT_VARIANCE)},
    nn.LayerNorm: _layer_norm,
    nn.Linear: _linear,
}


@torch.no_grad()
def init_weights(model: nn.Module, seed: int) -> None:
    """Give every parameter and buffer its initial value; what a checkpoint gave stays.

    A value depends on the seed, the parameter's name and its module's sizes alone, so two models
    agree bit by bit wherever they share a name and a shape.

    Raises:
        TypeError: If a parameter or buffer has no rule.
    """
    for name, tensor, rule in tensors_with_rules(model):
        rule(tensor, torch.Generator().manual_seed(crc32(f"{seed}/{name}".encode())))


def tensors_with_rules(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, Tensor, Rule]]:
    """Name each parameter and buffer that no checkpoint gave, with its rule.

    Raises:
        TypeError: If one has no rule.
    """
    if is_pretrained(model):
        return
    own = {
        **dict(model.named_parameters(recurse=False)),
        **dict(model.named_buffers(recurse=False)),
    }
    rules = RULES[type(model)](model) if type(model) in RULES else {}
    for name, tensor in own.items():
        if name not in rules:
            raise TypeError(
                f"{prefix}{name}: no initial value is defined for {name!r} of "
                f"{type(model).__name__}; add it to RULES in models/init.py"
            )
        yield prefix + name, tensor, rules[name]
    for name, child in model.named_children():
        yield from tensors_with_rules(child, f"{prefix}{name}.")
