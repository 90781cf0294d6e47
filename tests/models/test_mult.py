from dataclasses import replace
from math import cos, sin, sqrt
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import layer_norm, linear

from models.configs.mult import MultConfig
from models.init import init_weights
from models.parts.cross_modal_layer import (
    CrossModalLayer,
    CrossModalTransformer,
    SinusoidalPositions,
)
from models.parts.sequence import Padded
from models.systems.mult import ResidualHead, last_states
from tests.models.baselines_factory import FEATURE_ROWS, built, feature_rows

RATES = {"attention_dropout": 0.0, "relu_dropout": 0.1, "residual_dropout": 0.1}


def layer(width=8):
    return CrossModalLayer(width=width, num_heads=2, **RATES)


@torch.no_grad()
def test_layer_follows_its_equation():
    ours = layer().eval()
    init_weights(ours, 0)
    theirs = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    theirs.in_proj_weight.copy_(ours.attention.in_weight)
    theirs.in_proj_bias.copy_(ours.attention.in_bias)
    theirs.out_proj.weight.copy_(ours.attention.out_weight)
    theirs.out_proj.bias.copy_(ours.attention.out_bias)
    states, memory = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    mask = torch.tensor([[True] * 5, [True] * 2 + [False] * 3])
    normed = layer_norm(memory, (8,))
    attended, _ = theirs(layer_norm(states, (8,)), normed, normed, key_padding_mask=~mask)
    middle = states + attended
    expand, contract = ours.feed_forward.expand, ours.feed_forward.contract
    hidden = linear(layer_norm(middle, (8,)), expand.weight, expand.bias).relu()
    expected = middle + linear(hidden, contract.weight, contract.bias)
    torch.testing.assert_close(ours(states, memory, mask), expected)


def test_positions_by_hand():
    embed = SinusoidalPositions(dropout=0.0)
    out = embed(torch.ones(1, 2, 4))
    expected = [sqrt(4) + wave(angle) for angle in (1.0, 0.01) for wave in (sin, cos)]
    torch.testing.assert_close(out[0, 0], torch.tensor([2.0, 3.0, 2.0, 3.0]))
    torch.testing.assert_close(out[0, 1], torch.tensor(expected))


@torch.no_grad()
def test_every_layer_attends_to_the_source_as_it_came_in():
    transformer = CrossModalTransformer(
        width=8, embedding_dropout=0.1, layers=[layer(), layer()]
    ).eval()
    init_weights(transformer, 0)
    target, source = torch.randn(1, 3, 8), torch.randn(1, 2, 8)
    everywhere = [torch.ones(1, steps, dtype=torch.bool) for steps in (3, 2)]
    out = transformer(Padded(target, everywhere[0]), Padded(source, everywhere[1]))
    states, memory = transformer.embed(target), transformer.embed(source)
    for each in transformer.layers:
        states = each(states, memory, everywhere[1])
    torch.testing.assert_close(out.states, layer_norm(states, (8,)))


def test_last_states_are_real_ones():
    states = torch.arange(6.0).view(2, 3, 1)
    mask = torch.tensor([[True, True, False], [True, True, True]])
    assert last_states(Padded(states, mask)).flatten().tolist() == [1.0, 5.0]


@torch.no_grad()
def test_residual_head_by_hand():
    classify = nn.Linear(2, 1)
    classify.weight.copy_(torch.tensor([[1.0, 10.0]]))
    classify.bias.fill_(0.5)
    head = ResidualHead(feed_forward=nn.ReLU(), classify=classify)
    assert head(torch.tensor([[1.0, -2.0]])).item() == 2 * 1.0 - 2.0 * 10 + 0.5


@torch.no_grad()
def test_each_modality_reaches_the_others():
    model: Any = built(FEATURE_ROWS["mult"]).eval()
    batch = feature_rows()
    lasts = []
    model.memories["text"].register_forward_hook(lambda *hook: lasts.append(last_states(hook[2])))
    model(batch)
    model(replace(batch, audio=batch.audio + 1))
    model(replace(batch, vision=batch.vision + 1))
    assert not torch.allclose(lasts[0], lasts[1], atol=1e-5)
    assert not torch.allclose(lasts[0], lasts[2], atol=1e-5)


def test_dropout_on_attention_is_that_of_the_modality_attended_to():
    model: Any = built(MultConfig(depth=1, memory_depth=1))
    rates = {
        name: transformer.layers[0].attention.attend.dropout
        for name, transformer in [*model.crossings.items(), *model.memories.items()]
    }
    assert {name for name, rate in rates.items() if rate == 0.2} == {
        "text_to_audio",
        "text_to_vision",
        "text",
        "audio",
        "vision",
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"modalities": ("text",)}, "'mult' pairs modalities, but .*'text' alone; choose two"),
        ({"width": 36}, "num_heads 8 does not divide width 36"),
        ({"width": 5, "num_heads": 5}, "width 5 is odd"),
    ],
    ids=["one_modality", "heads", "odd_width"],
)
def test_configs_that_cannot_be_built_are_errors(fields, message):
    with pytest.raises(ValueError, match=message):
        MultConfig(**fields)
