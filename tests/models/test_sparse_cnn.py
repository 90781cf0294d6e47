"""The dense emulation against loops over active sites."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.nn.functional import batch_norm, max_pool2d

from models.encoders.sparse_cnn import (
    HardGate,
    MixedSites,
    OwnSites,
    SiteAttention,
    SparseBlock,
    SparseStage,
    StraightThroughGate,
    nucleus,
)
from models.init import init_weights
from models.parts.masked_norm import MaskedBatchNorm
from models.parts.weighing import weights_of
from tests.models.baselines_factory import DAI_ROWS, MESM, built, dai_utterances


def initialised(module):
    init_weights(module, 0)
    return module


def some_sites(*, channels, seed=0):
    """Make a map of two pictures, zero at its inactive sites."""
    generator = torch.Generator().manual_seed(seed)
    active = (torch.rand(2, 1, 4, 6, generator=generator) < 0.4).float()
    return torch.randn(2, channels, 4, 6, generator=generator) * active, active


def convolve_sites(x, active, weight):
    """Sum over the active neighbours of each active site, one by one."""
    out = {}
    for n, _, i, j in active.nonzero().tolist():
        total = torch.zeros(len(weight))
        for di in (-1, 0, 1):
            for dj in (-1, 0, 1):
                row, column = i + di, j + dj
                inside = 0 <= row < x.shape[2] and 0 <= column < x.shape[3]
                if inside and active[n, 0, row, column]:
                    total += weight[:, :, di + 1, dj + 1] @ x[n, :, row, column]
        out[n, i, j] = total
    return out


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_masked_norm_equals_batch_norm_of_the_active_rows(training):
    norm = initialised(MaskedBatchNorm(3)).train(training)
    mean, var = torch.tensor([0.5, 0.0, -1.0]), torch.tensor([1.0, 2.0, 0.5])
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(var)
    x, active = some_sites(channels=3)
    sites = active[:, 0].bool()
    rows = x.movedim(1, -1)[sites]  # (active sites, C)
    out = norm(x, active).movedim(1, -1)[sites]
    expected = batch_norm(rows, mean, var, training=training, momentum=0.01, eps=1e-4)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(norm.running_mean, mean)  # batch_norm moved its own in place
    torch.testing.assert_close(norm.running_var, var)


def test_masked_norm_of_one_site_is_its_bias():
    norm = initialised(MaskedBatchNorm(2))
    torch.nn.init.constant_(norm.bias, 3.0)
    out = norm(torch.randn(1, 2, 1, 1), torch.ones(1, 1, 1, 1))
    assert torch.equal(out.flatten(), torch.tensor([3.0, 3.0]))
    assert norm.running_var.isfinite().all()


@torch.no_grad()
def test_sparse_block_equals_a_loop_over_active_sites():
    block = initialised(SparseBlock(in_channels=3, out_channels=5))
    x, active = some_sites(channels=3)
    sums = convolve_sites(x, active, block.conv.weight)
    rows = torch.stack(list(sums.values()))
    normed = (rows - rows.mean(0)) / (rows.var(0, unbiased=False) + 1e-4).sqrt()
    expected = torch.zeros(2, 5, 4, 6)
    for (n, i, j), row in zip(sums, normed.relu(), strict=True):
        expected[n, :, i, j] = row
    torch.testing.assert_close(block(x, active), expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_attention_follows_its_equation():
    attention = initialised(SiteAttention(channels=3, guide_width=4, hidden=2))
    x, active = some_sites(channels=3)
    guide = torch.randn(2, 4)
    weights = attention(x, active, guide).view(2, 4, 6)
    for n in range(2):
        scores = {}
        for i, j in active[n, 0].nonzero().tolist():
            site = attention.of_site.weight @ x[n, :, i, j] + attention.of_site.bias
            hidden = (site + attention.of_guide.weight @ guide[n]).tanh()
            scores[i, j] = attention.score.weight[0] @ hidden + attention.score.bias[0]
        expected = torch.zeros(4, 6)
        for (i, j), value in zip(
            scores, torch.stack(list(scores.values())).softmax(0), strict=True
        ):
            expected[i, j] = value
        torch.testing.assert_close(weights[n], expected)


def test_nucleus_keeps_the_fewest_sites_that_reach_the_mass():
    weights = torch.tensor([[0.1, 0.4, 0.2, 0.3], [0.85, 0.05, 0.1, 0.0]])
    kept = nucleus(weights, 0.8)  # .4 + .3 + .2 reach it; so does .85 alone
    assert kept.tolist() == [[False, True, True, True], [True, False, False, False]]


def test_nucleus_of_the_whole_mass_is_every_active_site():
    weights = torch.tensor([[0.25, 0.0, 0.75]])
    assert nucleus(weights, 1.0).tolist() == [[True, False, True]]


def test_a_site_that_reaches_the_mass_exactly_is_the_last_one():
    assert nucleus(torch.tensor([[0.5, 0.25, 0.25]]), 0.75).tolist() == [[True, True, False]]


def stage(gate, *, tau=0.5):
    return initialised(
        SparseStage(
            attention=SiteAttention(channels=3, guide_width=4, hidden=3),
            tau=tau,
            gate=gate,
            place=OwnSites(),
            blocks=[
                SparseBlock(in_channels=3, out_channels=5),
                SparseBlock(in_channels=5, out_channels=5),
            ],
        )
    )


@torch.no_grad()
def test_stage_leaves_inactive_sites_zero_and_never_wakes_one():
    x, active = some_sites(channels=3)
    out, left = stage(HardGate())(x, active, torch.randn(2, 4))
    assert left.shape == (2, 1, 2, 3)
    assert not out[(left == 0).expand_as(out)].any()
    assert (left <= max_pool2d(active, 2)).all()
    assert 0 < left.sum() < left.numel()


@torch.no_grad()
def test_sites_that_the_attention_drops_have_no_effect():
    whole, guide = stage(HardGate()), torch.randn(2, 4)
    x, active = some_sites(channels=3)
    kept = nucleus(whole.attention(x, active, guide), 0.5).view_as(active)
    blocks = stage(HardGate(), tau=1.0)
    expected, _ = blocks(x * kept, kept.float(), guide)
    torch.testing.assert_close(whole(x, active, guide)[0], expected)


@torch.no_grad()
def test_mixed_sites_join_two_lists_in_different_orders():
    generator = torch.Generator().manual_seed(3)
    kept = torch.rand(3, 2 * 4, generator=generator) < 0.6
    x = torch.randn(3, 5, 2, 4, generator=generator) * kept.view(3, 1, 2, 4)
    sites = [(n, i, j) for n, i, j in kept.view(3, 2, 4).nonzero().tolist()]
    places = sorted(sites, key=lambda site: (site[1], site[2], site[0]))
    expected = torch.zeros_like(x)
    for (n, i, j), (to_n, to_i, to_j) in zip(sites, places, strict=True):
        expected[to_n, :, to_i, to_j] = x[n, :, i, j]
    assert sites != places
    assert torch.equal(MixedSites()(x, kept), expected)


@torch.no_grad()
def test_mixed_sites_of_one_picture_are_its_own():
    x, active = some_sites(channels=3)
    kept = active[:1].flatten(1).bool()
    assert torch.equal(MixedSites()(x[:1], kept), x[:1])


def test_compat_mixes_the_sites_of_the_first_stage_alone():
    model: Any = built(DAI_ROWS["mesm_compat"])
    for name in ("audio", "vision"):
        stages = model.branches[name].encoder.backbone.stages
        assert [type(stage.place) for stage in stages] == [MixedSites, OwnSites, OwnSites]


def test_running_statistics_keep_their_share_of_a_step():
    norm = initialised(MaskedBatchNorm(1))
    norm(torch.full((1, 1, 1, 2), 5.0), torch.ones(1, 1, 1, 2))
    assert norm.running_mean.item() == pytest.approx(0.01 * 5)
    assert norm.running_var.item() == pytest.approx(0.99 * 1)


def test_straight_through_keeps_the_values_and_teaches_the_attention():
    x, active = some_sites(channels=3)
    guide = torch.randn(2, 4)
    hard, soft = stage(HardGate()), stage(StraightThroughGate())
    hard_out, soft_out = hard(x, active, guide)[0], soft(x, active, guide)[0]
    torch.testing.assert_close(hard_out, soft_out)
    hard_out.square().sum().backward()
    soft_out.square().sum().backward()
    assert hard.attention.of_guide.weight.grad is None
    assert soft.attention.of_guide.weight.grad.any()


def test_straight_through_gate_has_the_gradient_of_the_kept_weights():
    weights = torch.tensor([[0.7, 0.3]], requires_grad=True)
    gate = StraightThroughGate()(weights, torch.tensor([[True, False]]))
    gate.sum().backward()
    assert gate.tolist() == [[1.0, 0.0]]
    assert weights.grad is not None
    assert weights.grad.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "learned"),
    [("mesm", set()), ("mesm_straight_through", {"of_site.", "of_guide.", "score.weight"})],
)
def test_attention_is_frozen_where_it_gets_no_gradient(name, learned):
    model: Any = built(DAI_ROWS[name])
    for stage in model.branches["vision"].encoder.backbone.stages:
        trained = [n for n, p in stage.attention.named_parameters() if p.requires_grad]
        assert all(any(n.startswith(part) for n in trained) for part in learned)
        assert all(n.startswith(tuple(learned)) for n in trained)


@torch.no_grad()
def test_weights_of_sites_can_be_had():
    model, batch = built(MESM).eval(), dai_utterances()
    with weights_of(model) as weights:
        model(batch)
    sites = {
        name.removeprefix("branches."): w
        for name, w in weights.items()
        if ".backbone.stages" in name
    }
    assert sites["vision.encoder.backbone.stages.0.attention"].shape == (6, 24 * 24)
    assert sites["audio.encoder.backbone.stages.2.attention"].shape == (7, 16 * 4)
    assert all(torch.allclose(w.sum(-1), torch.ones(())) for w in sites.values())


@torch.no_grad()
def test_each_picture_is_guided_by_its_own_utterance():
    model = built(MESM).eval()
    batch = dai_utterances(num_tokens=(3, 3), num_faces=(1, 2), num_chunks=(2, 1))
    other = replace(batch, tokens=torch.stack([batch.tokens[0].flip(0), batch.tokens[1]]))
    seen = []
    for inputs in (batch, other):
        with weights_of(model) as weights:
            model(inputs)
        seen.append(weights["branches.vision.encoder.backbone.stages.0.attention"])
    assert (seen[0] != seen[1]).any(1).tolist() == [True, False, False]
