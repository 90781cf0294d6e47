from math import cos, sin
from typing import Any

import pytest
import torch
from torch import nn

from models.builders.cross_modal import build_cross_modal
from models.configs.xia import (
    BiCross,
    Bottleneck,
    Independent,
    Joint,
    NagraniBottleneck,
    NoTemporal,
)
from models.fusion.cross_modal import CompressExpand
from models.init import init_weights
from models.parts.layers import Attention
from models.parts.positions import PositionedAttention, SinePositions
from models.parts.pre_norm import PreNormLayer
from models.parts.sequence import Padded
from tests.models.test_layers import copy_attention, copy_feed_forward
from tests.models.xia_factory import change, table5

WIDTH = 16
EXCHANGES = {
    "bottleneck": Bottleneck(),
    "bottleneck_2": Bottleneck(depth=2),
    "joint": Joint(),
    "bicross": BiCross(),
    "bicross_self_attention": BiCross(self_attention=True),
    "nagrani": NagraniBottleneck(),
}
every_exchange = pytest.mark.parametrize("cross", EXCHANGES.values(), ids=EXCHANGES.keys())


def cross_modal(cross, **fields):
    module = build_cross_modal(change(table5(cross), **fields))
    init_weights(module, 0)
    return module.eval()


def sequences(*, seed=0):
    """Two utterances, of four steps and of two, of which vision has one more."""
    generator = torch.Generator().manual_seed(seed)
    lengths = {"audio": (4, 2), "vision": (5, 3)}
    return {
        name: Padded(
            torch.randn(2, max(steps), WIDTH, generator=generator),
            torch.arange(max(steps)) < torch.tensor(steps)[:, None],
        )
        for name, steps in lengths.items()
    }


@pytest.mark.parametrize("std", [1.0, 0.125])
def test_tokens_of_the_bottleneck_begin_with_their_deviation(std):
    module = cross_modal(Bottleneck(num_tokens=500, token_std=std))
    assert module.bottleneck.std().item() == pytest.approx(std, rel=0.03)
    assert module.bottleneck.abs().max() <= std * 3**0.5
    as_before = cross_modal(Bottleneck(num_tokens=500)).bottleneck
    torch.testing.assert_close(module.bottleneck, std * as_before)


@every_exchange
@pytest.mark.parametrize(("source", "target"), [("audio", "vision"), ("vision", "audio")])
@torch.no_grad()
def test_an_exchange_lets_each_modality_see_the_other(cross, source, target):
    module, before = cross_modal(cross), sequences()
    after = {**before, source: sequences(seed=1)[source]}
    first, second = module(before)[target], module(after)[target]
    assert (first.states - second.states)[first.mask].abs().amax(-1).gt(1e-5).all()


@pytest.mark.parametrize("cross", [Independent(), Independent(depth=2), NoTemporal()])
@torch.no_grad()
def test_without_exchange_no_modality_sees_the_other(cross):
    module, before = cross_modal(cross), sequences()
    after = {**before, "audio": sequences(seed=1)["audio"]}
    assert torch.equal(module(before)["vision"].states, module(after)["vision"].states)


@pytest.mark.parametrize(
    "cross", [*EXCHANGES.values(), Independent()], ids=lambda cross: cross.kind
)
@torch.no_grad()
def test_padded_steps_do_not_matter(cross):
    module, batch = cross_modal(cross), sequences()
    filled = {
        name: Padded(states.masked_fill(~mask[..., None], 9.0), mask)
        for name, (states, mask) in batch.items()
    }
    for name, (states, mask) in module(batch).items():
        torch.testing.assert_close(module(filled)[name].states[mask], states[mask])


@every_exchange
def test_sequences_keep_their_shape_and_mask(cross):
    batch = sequences()
    for name, (states, mask) in cross_modal(cross)(batch).items():
        assert states.shape == batch[name].states.shape
        assert torch.equal(mask, batch[name].mask)


def pytorch_attention(ours):
    theirs = nn.MultiheadAttention(WIDTH, ours.num_heads, batch_first=True)
    theirs.in_proj_weight.copy_(ours.in_weight)
    theirs.in_proj_bias.copy_(ours.in_bias)
    theirs.out_proj.weight.copy_(ours.out_weight)
    theirs.out_proj.bias.copy_(ours.out_bias)
    return lambda queries, keys, values, mask: theirs(
        queries, keys, values, None if mask is None else ~mask, need_weights=False
    )[0]


def distinct_norms(module):
    """Make every norm another, so that a test sees which is where."""
    generator = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.LayerNorm):
            part.weight.uniform_(0.5, 1.5, generator=generator)


@pytest.mark.parametrize("positions", ["none", "queries_and_keys"])
@torch.no_grad()
def test_bottleneck_equals_its_equations(positions):
    """b' = b + MHA1(b, a, a) + MHA2(b, v, v); a' = a + MHA3(a, b', b'); a'' = a' + FFN(LN(a'))."""
    module = cross_modal(Bottleneck(), positions=positions)
    (layer,), batch = module.layers, sequences()
    assert isinstance(layer, CompressExpand)
    distinct_norms(module)
    place = SinePositions() if positions == "queries_and_keys" else nn.Identity()
    bar = {name: layer.norms[name](states) for name, (states, _) in batch.items()}
    tokens = module.bottleneck.expand(2, -1, -1)
    written = [
        pytorch_attention(layer.compress[name])(
            layer.token_norm(tokens), place(bar[name]), bar[name], batch[name].mask
        )
        for name in batch
    ]
    told = layer.compressed_norm(tokens + sum(written))
    outs = module(batch)
    for name, (states, mask) in batch.items():
        read = pytorch_attention(layer.expand[name])(place(bar[name]), told, told, None)
        part: Any = layer.feed_forward[name]
        expected = states + read
        expected = expected + part.feed_forward(part.norm(expected))
        torch.testing.assert_close(outs[name].states[mask], expected[mask])


@torch.no_grad()
def test_bicross_equals_its_equations():
    """a' = a + MHA(a, v, v), a'' = a' + FFN(LN(a')), and likewise v''."""
    module, batch = cross_modal(BiCross()), sequences()
    distinct_norms(module)
    ((layer,), _) = module
    bar = {name: layer.norms[name](states) for name, (states, _) in batch.items()}
    outs = module(batch)
    for name, other in (("audio", "vision"), ("vision", "audio")):
        attention = pytorch_attention(layer.attention[name])
        expected = batch[name].states + attention(
            bar[name], bar[other], bar[other], batch[other].mask
        )
        part: Any = layer.feed_forward[name]
        expected = expected + part.feed_forward(part.norm(expected))
        mask = batch[name].mask
        torch.testing.assert_close(outs[name].states[mask], expected[mask])


@torch.no_grad()
def test_pre_norm_layer_equals_pytorch():
    ours = PreNormLayer(
        attention=Attention(width=8, num_heads=2, dropout=0.1),
        width=8,
        feed_forward=16,
        dropout=0.1,
    ).eval()
    init_weights(ours, 0)
    distinct_norms(ours)
    theirs = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True).eval()
    copy_attention(ours.attention, theirs.self_attn)
    copy_feed_forward(ours.feed_forward.feed_forward, theirs)
    theirs.norm1.load_state_dict(ours.norm.state_dict())
    theirs.norm2.load_state_dict(ours.feed_forward.norm.state_dict())
    states, mask = torch.randn(2, 5, 8), torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    expected = theirs(states, src_key_padding_mask=~mask)
    torch.testing.assert_close(ours(states, mask)[mask], expected[mask])


def test_sine_positions_are_those_of_the_equation():
    positions = SinePositions()(torch.zeros(1, 3, 4))[0]
    expected = [[sin(t), cos(t), sin(t / 100), cos(t / 100)] for t in range(3)]
    torch.testing.assert_close(positions, torch.tensor(expected))


@torch.no_grad()
def test_values_carry_no_positions():
    attention = PositionedAttention(
        width=WIDTH, num_heads=2, dropout=0.0, at_queries=SinePositions(), at_keys=SinePositions()
    )
    init_weights(attention, 0)
    x, mask = sequences()["audio"]
    place = SinePositions()
    expected = pytorch_attention(attention)(place(x), place(x), x, mask)
    torch.testing.assert_close(attention(x, x, mask), expected)
