"""Initial values: one rule for each kind of module, one random stream for each parameter name.

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
from transformers.models.bert.modeling_bert import BertEmbeddings

from models.groups import is_pretrained
from models.parts.rules import UNIT_VARIANCE, HasRules, Rule, constant, keep, uniform


def _linear(module: nn.Linear) -> dict[str, Rule]:
    rule = uniform(1 / sqrt(module.in_features))
    return {"weight": rule, "bias": rule}


def _conv(module: nn.Conv2d) -> dict[str, Rule]:
    fan_in = module.weight[0].numel()
    return {"weight": uniform(sqrt(6 / fan_in)), "bias": constant(0)}


def _lstm(module: nn.LSTM) -> dict[str, Rule]:
    rule = uniform(1 / sqrt(module.hidden_size))
    return {name: rule for name, _ in module.named_parameters()}


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
    BertEmbeddings: lambda _: {"position_ids": keep, "token_type_ids": keep},
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Conv1d: _conv,
    nn.Conv2d: _conv,
    nn.Embedding: lambda _: {"weight": uniform(UNIT_VARIANCE)},
    nn.LSTM: _lstm,
    nn.LayerNorm: _layer_norm,
    nn.Linear: _linear,
}
"""The rules of modules that are not ours; our modules have `models.parts.rules.HasRules`."""


@torch.no_grad()
def init_weights(model: nn.Module, seed: int) -> None:
    """Give every parameter and buffer its initial value; values from a checkpoint stay.

    A value depends only on the seed, the parameter's name and its module's sizes. So two models
    have equal bits wherever they share a name and a shape.

    Raises:
        TypeError: If a parameter or buffer has no rule.
    """
    for name, tensor, rule in tensors_with_rules(model):
        rule(tensor, torch.Generator().manual_seed(crc32(f"{seed}/{name}".encode())))


def tensors_with_rules(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, Tensor, Rule]]:
    """Yield each parameter and buffer that is not from a checkpoint: its name, values and rule.

    Raises:
        TypeError: If one has no rule.
    """
    if is_pretrained(model):
        return
    own = {
        **dict(model.named_parameters(recurse=False)),
        **dict(model.named_buffers(recurse=False)),
    }
    rules = _rules_of(model)
    for name, tensor in own.items():
        if name not in rules:
            raise TypeError(
                f"{prefix}{name}: no initial value is defined for {name!r} of "
                f"{type(model).__name__}; give it a method 'rules'"
            )
        yield prefix + name, tensor, rules[name]
    for name, child in model.named_children():
        yield from tensors_with_rules(child, f"{prefix}{name}.")


def _rules_of(module: nn.Module) -> dict[str, Rule]:
    if isinstance(module, HasRules):
        return module.rules()
    return RULES[type(module)](module) if type(module) in RULES else {}
