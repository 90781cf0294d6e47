"""The contract of every system: inputs to logits."""

from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from models.build import BUILDERS, build
from models.configs.decision_fusion import DecisionFusion
from models.configs.le import Fusion
from models.configs.xia import CrossModal
from models.init import init_weights
from models.macs import count_macs
from models.parts.weighing import weights_of
from tests.models.factories import NUM_EMOTIONS, TINY, initialised
from tests.models.systems import ROWS

every_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
rows_of_pictures = pytest.mark.parametrize(
    "row",
    [pytest.param(r, id=name) for name, r in ROWS.items() if r.config.recipe != "handcrafted"],
)


def backward(model, batch):
    logits = model(batch)
    binary_cross_entropy_with_logits(logits, torch.eye(*logits.shape)).backward()


def has_no_effect(name):
    """A key's bias shifts all scores alike; a convolution's bias is lost in the batch norm."""
    return name.endswith(("key.bias", "conv.bias"))


def test_every_system_has_its_rows():
    assert {type(row.config) for row in ROWS.values()} == BUILDERS.keys()


def kinds(union):
    """Name the alternatives of a discriminated union."""
    return {config.model_fields["kind"].default for config in get_args(get_args(union)[0])}


@pytest.mark.parametrize(
    ("union", "field"), [(Fusion, "fusion"), (CrossModal, "cross"), (DecisionFusion, "fusion")]
)
def test_every_alternative_has_its_row(union, field):
    found = {
        config.model_dump().get(field, {}).get("kind")
        for config in (r.config for r in ROWS.values())
    }
    assert kinds(union) <= found


@every_row
def test_logits_have_one_column_an_emotion(row):
    logits = row.model()(row.batch())
    assert logits.shape == (3, NUM_EMOTIONS)
    assert logits.isfinite().all()


@every_row
def test_gradient_reaches_every_parameter_that_should_have_one(row):
    model = row.model()
    torch.manual_seed(0)  # of dropout, which may hide a modality of all utterances
    backward(model, row.batch())
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    dead = {name for name, p in trainable.items() if p.grad is None or not p.grad.any()}
    by_design = {n for n in trainable if any(part in n for part in row.without_gradient)}
    assert {n for n in dead if not has_no_effect(n)} == {
        n for n in by_design if not has_no_effect(n)
    }


@every_row
@torch.no_grad()
def test_logits_do_not_depend_on_neighbours_in_the_batch(row):
    model, batch = row.model().eval(), row.batch()
    together = model(batch)
    alone = torch.cat([model(row.only(batch, index)) for index in range(3)])
    if row.neighbours_matter:
        assert not torch.allclose(together, alone, atol=1e-5)
    else:
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_configs_say_where_neighbours_matter():
    told = {name for name, row in ROWS.items() if row.config.neighbours_matter}
    assert told == {name for name, row in ROWS.items() if row.neighbours_matter}


@rows_of_pictures
@torch.no_grad()
def test_tokens_in_the_padding_do_not_matter(row):
    model, batch = row.model().eval(), row.batch()
    other = replace(batch, tokens=torch.where(batch.token_mask, batch.tokens, 7))
    torch.testing.assert_close(model(batch), model(other), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=name) for name, r in ROWS.items() if not r.order_matters]
)
@torch.no_grad()
def test_order_of_frames_and_chunks_does_not_matter(row):
    model = row.model().eval()
    batch = row.inputs((3,), (4,), (4,), seed=0)
    shuffled = replace(batch, faces=batch.faces[[2, 0, 3, 1]], mels=batch.mels[[3, 1, 0, 2]])
    torch.testing.assert_close(model(batch), model(shuffled), atol=1e-5, rtol=0)


@every_row
def test_what_a_row_reads_matters(row):
    assert not torch.allclose(row.logits(seed=0), row.logits(seed=1), atol=1e-5)


@every_row
def test_one_utterance_of_one_step_trains(row):
    model = row.model()
    backward(model, row.inputs((1,), (1,), (1,), seed=0))
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)


@every_row
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_bfloat16_autocast_returns_float32_logits_near_the_exact_ones(row, training):
    model, batch = row.model().train(training), row.batch()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(batch)
    assert logits.dtype == torch.float32
    if not training:
        torch.testing.assert_close(logits, model(batch), atol=0.1, rtol=0)


@every_row
def test_state_survives_saving(row, tmp_path):
    model, batch = row.model().eval(), row.batch()
    torch.save(model.state_dict(), tmp_path / "model.pt")
    other = build(row.config, row.task).eval()
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert torch.equal(model(batch), other(batch))


@every_row
@torch.no_grad()
def test_weights_can_be_had_and_change_nothing(row):
    model, batch = row.model().eval(), row.batch()
    before = model(batch)
    with weights_of(model) as weights:
        asked = model(batch)
    assert torch.equal(asked, before)
    assert all(weight.isfinite().all() for weight in weights.values())


@every_row
def test_cost_is_counted(row):
    model = row.model()
    batch = row.inputs((4,), (2,), (2,), seed=0)
    longer = row.inputs((8,), (6,), (6,), seed=0)
    assert 0 < count_macs(model, batch) < count_macs(model, longer)


@every_row
def test_every_drawn_parameter_and_statistic_is_set(row):
    model = row.model()
    fresh = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tables = {name for name, _ in model.named_buffers() if name.endswith(KEPT)}
    for name, tensor in model.state_dict().items():
        if name not in tables:
            tensor.fill_(torch.nan) if tensor.is_floating_point() else tensor.fill_(-1)
    init_weights(model, 0)
    assert all(torch.equal(tensor, fresh[name]) for name, tensor in model.state_dict().items())


KEPT = ("prepare.mean", "prepare.std", "vectors")
"""Buffers that come from the task: moments of features, vectors of words."""


@every_row
def test_parameters_shared_with_the_full_row_are_equal(row):
    full = next(other for other in ROWS.values() if other.config.recipe == row.config.recipe)
    ours, theirs = dict(row.model().named_parameters()), dict(full.model().named_parameters())
    shared = {
        name
        for name in ours.keys() & theirs.keys()
        if weight_of(name, ours).shape == weight_of(name, theirs).shape
    }
    assert shared or type(row.config) is not type(full.config)
    differing = {name for name in shared if not torch.equal(ours[name], theirs[name])}
    assert {n for n in shared if any(part in n for part in row.drawn_otherwise)} == differing


def weight_of(name, parameters):
    """Return the weight that a bias belongs to, whose shape bounds it; else the parameter."""
    return parameters.get(name.removesuffix("bias") + "weight", parameters[name])


def test_a_unimodal_model_holds_one_branch():
    model = ROWS["le-audio"].model()
    assert isinstance(model.branches, nn.ModuleDict)
    assert set(model.branches) == {"audio"}


def test_rows_name_shared_parameters_alike():
    names = {name for name, _ in initialised(TINY).named_parameters()}
    assert {
        "branches.text.projection.0.weight",
        "branches.vision.backbone.groups.0.0.conv.weight",
        "branches.audio.temporal.layers.0.attention.in_weight",
        "fusion.layers.0.attention.in_weight",
        "head.layers.0.cross_attention.in_weight",
    } <= names
