"""The contract of every row: inputs to logits."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from models.build import build
from tests.models.factories import NUM_EMOTIONS, ROWS, TINY, initialised, only, utterances

every_row = pytest.mark.parametrize("config", ROWS.values(), ids=ROWS.keys())


def backward(model, batch):
    logits = model(batch)
    binary_cross_entropy_with_logits(logits, torch.eye(*logits.shape)).backward()


def has_no_effect(name):
    """A key's bias shifts all scores alike; a convolution's bias is lost in the batch norm."""
    return name.endswith(("key.bias", "conv.bias"))


@every_row
def test_logits_have_one_column_an_emotion(config):
    logits = initialised(config)(utterances())
    assert logits.shape == (3, NUM_EMOTIONS)
    assert logits.isfinite().all()


@every_row
def test_gradient_reaches_every_trainable_parameter(config):
    model = initialised(config)
    backward(model, utterances())
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in trainable.values())
    dead = {name for name, p in trainable.items() if not p.grad.any() and not has_no_effect(name)}
    assert not dead


@every_row
def test_only_the_unused_pooler_is_frozen(config):
    frozen = {name for name, p in initialised(config).named_parameters() if not p.requires_grad}
    assert all(".pooler." in name for name in frozen)


@every_row
@torch.no_grad()
def test_logits_do_not_depend_on_neighbours_in_the_batch(config):
    model, batch = initialised(config).eval(), utterances()
    together = model(batch)
    alone = torch.cat([model(only(batch, index)) for index in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@every_row
@torch.no_grad()
def test_tokens_in_the_padding_do_not_matter(config):
    model, batch = initialised(config).eval(), utterances()
    other = replace(batch, tokens=torch.where(batch.token_mask, batch.tokens, 7))
    torch.testing.assert_close(model(batch), model(other), atol=1e-6, rtol=0)


@every_row
@torch.no_grad()
def test_order_of_frames_and_chunks_does_not_matter(config):
    model = initialised(config).eval()
    batch = utterances(num_tokens=(3,), num_faces=(4,), num_chunks=(4,))
    shuffled = replace(batch, faces=batch.faces[[2, 0, 3, 1]], mels=batch.mels[[3, 1, 0, 2]])
    torch.testing.assert_close(model(batch), model(shuffled), atol=1e-5, rtol=0)


@every_row
def test_what_a_row_reads_matters(config):
    model = initialised(config).eval()
    logits = [model(utterances(seed=seed)) for seed in (0, 1)]
    assert not torch.allclose(*logits, atol=1e-5)


@every_row
def test_one_utterance_of_one_frame_trains(config):
    model = initialised(config)
    backward(model, utterances(num_tokens=(1,), num_faces=(1,), num_chunks=(1,)))
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)


@every_row
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_bfloat16_autocast_returns_float32_logits_near_the_exact_ones(config, training):
    model, batch = initialised(config).train(training), utterances()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(batch)
    assert logits.dtype == torch.float32
    if not training:
        torch.testing.assert_close(logits, model(batch), atol=0.1, rtol=0)


@every_row
def test_state_survives_saving(config, tmp_path):
    model, batch = initialised(config).eval(), utterances()
    torch.save(model.state_dict(), tmp_path / "model.pt")
    other = build(config, num_emotions=NUM_EMOTIONS).eval()
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert torch.equal(model(batch), other(batch))


def test_a_unimodal_model_holds_one_branch():
    names = {name.split(".")[0] for name, _ in initialised(ROWS["audio"]).named_parameters()}
    assert names == {"audio", "head"}


def test_rows_name_shared_parameters_alike():
    names = {name for name, _ in initialised(TINY).named_parameters()}
    assert {
        "text.projection.0.weight",
        "vision.backbone.groups.0.0.conv.weight",
        "audio.temporal.layers.0.attention.in_weight",
        "fusion.layers.0.attention.in_weight",
        "head.layers.0.cross_attention.in_weight",
    } <= names
