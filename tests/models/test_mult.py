from dataclasses import replace
from math import cos, log, sin, sqrt
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import layer_norm, linear

from models.configs.mult import MultConfig
from models.encoders.features import Windows
from models.init import init_weights
from models.parts.cross_modal_layer import (
    CrossModalLayer,
    CrossModalTransformer,
    EarlierSteps,
    EveryStep,
    SinusoidalPositions,
)
from models.parts.sequence import Padded
from models.systems.mult import ResidualHead, last_states
from tests.models.baselines_factory import FEATURE_ROWS, built, change, feature_rows

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
    out = embed(torch.ones(1, 2, 6))
    for step in (0, 1):
        angles = [(step + 1) * 10_000 ** (-wave / 2) for wave in range(3)]
        expected = [sqrt(6) + of(angle) for of in (sin, cos) for angle in angles]
        torch.testing.assert_close(out[0, step], torch.tensor(expected))


def positions_as_published(states):
    """Follow the published computation: a table of positions, looked up by the first numbers."""
    num_steps, width = states.shape[1:]
    half = width // 2
    frequencies = torch.exp(torch.arange(half) * -(log(10_000) / (half - 1)))
    table = torch.arange(num_steps + 1)[:, None] * frequencies
    table = torch.cat([table.sin(), table.cos()], dim=1)
    table[0] = 0
    rows = torch.arange(1, num_steps + 1).expand(len(states), -1)
    return table[torch.where(states[:, :, 0] == 0, 0, rows)]


def test_positions_are_those_of_the_published_code():
    states = torch.randn(2, 7, 8)
    states[0, 2] = 0
    states[1, 5, 0] = 0
    expected = sqrt(8) * states + positions_as_published(states)
    torch.testing.assert_close(SinusoidalPositions(dropout=0.0)(states), expected)


@pytest.mark.parametrize(("num_steps", "num_seen"), [(3, 5), (5, 3), (4, 4)])
def test_earlier_steps_are_those_of_the_published_mask(num_steps, num_seen):
    masks = [torch.ones(1, steps, dtype=torch.bool) for steps in (num_steps, num_seen)]
    hidden = torch.ones(num_steps, num_seen).triu(1 + abs(num_seen - num_steps)).bool()
    assert torch.equal(EarlierSteps()(*masks)[0], ~hidden)


def test_earlier_steps_of_an_utterance_do_not_depend_on_its_padding():
    target = torch.tensor([[True, True, False, False], [True] * 4])
    source = torch.tensor([[True, True, True], [True, True, True]])
    visible = EarlierSteps()(target, source)
    assert torch.equal(visible[:1, :2], EarlierSteps()(target[:1, :2], source[:1]))
    assert visible.any(-1).all()


@torch.no_grad()
@pytest.mark.parametrize("causal", [False, True])
def test_a_causal_model_does_not_see_later_steps(causal):
    model: Any = built(change(FEATURE_ROWS["mult"], causal=causal)).eval()
    target, source = torch.randn(1, 4, 8), torch.randn(1, 4, 8)
    everywhere = torch.ones(1, 4, dtype=torch.bool)
    later = torch.cat([source[:, :2], torch.randn(1, 2, 8)], dim=1)
    transformer = model.crossings["audio_to_text"]
    before, after = (
        transformer(Padded(target, everywhere), Padded(memory, everywhere)).states[:, :2]
        for memory in (source, later)
    )
    assert torch.allclose(before, after) == causal


@torch.no_grad()
def test_windows_and_a_linear_layer_are_a_convolution():
    lengths = [5, 3, 7]
    rows, conv = torch.randn(15, 2), nn.Conv1d(2, 4, kernel_size=3, bias=False)
    windows, kept = Windows(3)(rows, lengths)
    assert kept == [3, 1, 5]
    found = windows @ conv.weight.transpose(1, 2).flatten(1).T
    expected = torch.cat([conv(x.T[None])[0].T for x in rows.split(lengths)])
    torch.testing.assert_close(found, expected)


def test_window_of_a_short_utterance_ends_with_rows_of_zeros():
    windows, kept = Windows(3)(torch.tensor([[1.0], [2.0], [3.0]]), [1, 2])
    assert kept == [1, 1]
    assert windows.tolist() == [[1, 0, 0], [2, 3, 0]]


@torch.no_grad()
def test_every_layer_attends_to_the_source_as_it_came_in():
    transformer = CrossModalTransformer(
        width=8, embedding_dropout=0.1, visible=EveryStep(), layers=[layer(), layer()]
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
