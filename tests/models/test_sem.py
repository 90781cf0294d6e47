"""The semantic enhancement module, against the paper's equation written out."""

from math import log, sqrt

import pytest
import torch
from torch import nn
from torch.nn import functional

from models.init import init_weights
from models.parts.sem import (
    FirstState,
    Gate,
    IdentityConv,
    NoEnhancement,
    OverOneKey,
    OverSites,
    OverTokens,
    RescaledOverSites,
    SemanticEnhancement,
    text_of_frames,
)
from models.parts.sequence import Padded
from models.parts.weighing import weights_of

CHANNELS, HEIGHT, WIDTH, TEXT_WIDTH = 4, 3, 2, 5
READINGS = [OverSites, RescaledOverSites, OverOneKey, Gate, OverTokens]


def sem(attend, *, norm=(HEIGHT * WIDTH, CHANNELS), eps=1e-5, out=None):
    module = SemanticEnhancement(
        channels=CHANNELS,
        text_width=TEXT_WIDTH,
        read=nn.Identity() if isinstance(attend, OverTokens) else FirstState(),
        attend=attend,
        norm=nn.LayerNorm(norm, eps=eps),
        out=out or IdentityConv(CHANNELS),
    )
    init_weights(module, 0)
    return module


def maps(num_frames=3, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num_frames, CHANNELS, HEIGHT, WIDTH, generator=generator)


def texts(*, seed=0):
    """Two utterances, of two frames and of one."""
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(2, 4, TEXT_WIDTH, generator=generator)
    mask = torch.tensor([[True] * 4, [True] * 3 + [False]])
    return text_of_frames(Padded(states, mask), [2, 1])


def attend(module, *, queries, keys, values, key_mask=None):
    tensors = [torch.tensor(rows)[None, :, None] for rows in (queries, keys, values)]
    mask = torch.tensor([key_mask or [True] * len(keys)])
    return module(*tensors, mask).flatten().tolist()


def test_over_sites_shares_the_value_out():
    assert attend(OverSites(), queries=[log(2), 0.0], keys=[1.0], values=[3.0]) == pytest.approx(
        [2, 1]
    )


def test_rescaled_sites_get_the_value_on_average():
    shares = attend(RescaledOverSites(), queries=[log(2), 0.0], keys=[1.0], values=[3.0])
    assert shares == pytest.approx([4, 2])


def test_over_one_key_gives_every_site_the_value():
    assert attend(OverOneKey(), queries=[5.0, 0.0], keys=[1.0], values=[3.0]) == [3, 3]


def test_gate_weighs_each_site_by_itself():
    gated = attend(Gate(), queries=[log(2), 0.0], keys=[1.0], values=[3.0])
    assert gated == pytest.approx([2, 1.5])


def test_over_tokens_averages_the_real_tokens():
    averages = attend(
        OverTokens(),
        queries=[1.0, 0.0],
        keys=[log(3), 0.0, 9.0],
        values=[4.0, 8.0, 99.0],
        key_mask=[True, True, False],
    )
    assert averages == pytest.approx([3 + 2, 2 + 4])


@torch.no_grad()
def test_enhancement_equals_the_equation_of_the_paper():
    module = sem(OverSites(), out=nn.Conv2d(CHANNELS, CHANNELS, kernel_size=1))
    for tensor in module.norm.parameters():
        tensor.uniform_(generator=torch.Generator().manual_seed(1))
    x, frame_text = maps(), texts()
    expected = []
    for frame, utterance in zip(x, [0, 0, 1], strict=True):
        vector = frame_text.text.states[utterance, 0]
        queries = module.query(frame[None])[0].flatten(1)  # (C, HW)
        attention = (queries.T @ module.key(vector) / sqrt(CHANNELS)).softmax(0)
        enhancement = torch.outer(module.value(vector), attention)  # (C, HW)
        weight, bias = module.norm.weight.T, module.norm.bias.T
        enhancement = functional.layer_norm(enhancement, enhancement.shape, weight, bias)
        expected.append(module.out(frame[None] + enhancement.reshape(1, *frame.shape)).relu())
    torch.testing.assert_close(module(x, frame_text), torch.cat(expected))


@torch.no_grad()
def test_softmax_over_one_key_leaves_queries_and_keys_without_effect():
    module, x, frame_text = sem(OverOneKey()), maps(), texts()
    before = module(x, frame_text)
    for part in (module.query, module.key):
        for parameter in part.parameters():
            parameter.add_(1)
    assert torch.equal(module(x, frame_text), before)


def test_softmax_over_one_key_gives_queries_and_keys_no_gradient():
    module = sem(OverOneKey())
    module(maps(), texts()).square().sum().backward()
    gradients = [*module.query.parameters(), *module.key.parameters()]
    assert all(parameter.grad.eq(0).all() for parameter in gradients)
    assert module.value.weight.grad.any()


@torch.no_grad()
def test_norm_over_channels_cancels_the_spatial_weights():
    distances = [
        (
            sem(OverSites(), norm=(CHANNELS,), eps=eps)(maps(), texts())
            - sem(OverOneKey(), norm=(CHANNELS,), eps=eps)(maps(), texts())
        ).abs()
        for eps in (1e-2, 1e-5, 1e-12)
    ]
    first, second, third = (distance.max() for distance in distances)
    assert first > second > third
    assert third < 1e-5


@torch.no_grad()
def test_norm_over_the_map_keeps_the_spatial_weights():
    one_key = sem(OverOneKey())(maps(), texts())
    assert (sem(RescaledOverSites())(maps(), texts()) - one_key).abs().max() > 0.1


@torch.no_grad()
def test_rescaling_changes_nothing_but_the_effect_of_epsilon():
    plain, rescaled = (
        sem(kind(), eps=1e-14)(maps(), texts()) for kind in (OverSites, RescaledOverSites)
    )
    torch.testing.assert_close(plain, rescaled)


@torch.no_grad()
def test_frames_read_the_text_of_their_utterance():
    module, x, frame_text = sem(RescaledOverSites()), maps(), texts()
    other = texts(seed=1)
    states = torch.stack([frame_text.text.states[0], other.text.states[1]])
    changed = module(x, text_of_frames(Padded(states, other.text.mask), [2, 1]))
    same = (changed == module(x, frame_text)).flatten(1).all(1)
    assert same.tolist() == [True, True, False]


@pytest.mark.parametrize("kind", READINGS)
def test_weights_are_those_of_the_sites(kind):
    module = sem(kind())
    with weights_of(module) as weights:
        module(maps(), texts())
    sites = (3, HEIGHT * WIDTH)
    assert weights["attend"].shape == (sites if kind is not OverTokens else (*sites, 4))


@pytest.mark.parametrize("kind", [OverSites, RescaledOverSites, OverTokens])
def test_softmaxes_add_up_to_one(kind):
    module = sem(kind())
    with weights_of(module) as weights:
        module(maps(), texts())
    sums = weights["attend"].sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums))


@pytest.mark.parametrize("kind", READINGS)
def test_softmax_and_norm_are_in_float32_under_autocast(kind):
    module, seen = sem(kind()), []
    module.norm.register_forward_hook(
        lambda _, inputs, out: seen.extend([inputs[0].dtype, out.dtype])
    )
    with torch.autocast("cpu", dtype=torch.bfloat16), weights_of(module) as weights:
        module(maps(), texts())
    assert {*seen, weights["attend"].dtype} == {torch.float32}


@torch.no_grad()
def test_the_last_convolution_begins_as_identity():
    module = sem(RescaledOverSites())
    x = maps()
    torch.testing.assert_close(module.out(x), x)


def test_a_group_without_enhancement_returns_its_map():
    x = maps()
    assert NoEnhancement()(x, texts()) is x
