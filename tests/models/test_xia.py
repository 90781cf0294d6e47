"""What the rows of Xia et al. read, build and learn."""

from dataclasses import replace

import pytest
import torch

from models.configs.xia import SemConfig, XiaAudioConfig, frozen_groups
from models.parts.weighing import weights_of
from tests.models.factories import only
from tests.models.xia_factory import (
    FULL,
    XIA_ROWS,
    initialised_xia,
    xia_utterances,
)

every_row = pytest.mark.parametrize("row", XIA_ROWS.keys())


def reads(row):
    """Say which inputs change a row's logits."""
    model, batch, other = (
        initialised_xia(XIA_ROWS[row]).eval(),
        xia_utterances(),
        xia_utterances(seed=1),
    )
    with torch.no_grad():
        before = model(batch)
        logits = {
            name: model(replace(batch, **{name: getattr(other, name)}))
            for name in ("tokens", "mels", "faces")
        }
    return {name for name, after in logits.items() if not torch.allclose(after, before, atol=1e-6)}


@pytest.mark.parametrize(
    ("row", "inputs"),
    [
        ("full", {"tokens", "mels", "faces"}),
        ("mer_mbt", {"tokens", "mels", "faces"}),
        ("no_textual_decision", {"tokens", "mels", "faces"}),
        ("text", {"tokens"}),
        ("ser", {"mels"}),
        ("ser_sem", {"tokens", "mels"}),
        ("fer", {"faces"}),
        ("fer_sem", {"tokens", "faces"}),
        ("bottleneck", {"mels", "faces"}),
        ("cmha", {"tokens", "mels", "faces"}),
    ],
)
def test_a_row_reads_what_it_says(row, inputs):
    assert reads(row) == inputs


@pytest.mark.parametrize("row", ["ser", "fer", "bottleneck"])
@torch.no_grad()
def test_a_row_that_reads_no_text_needs_no_tokens(row):
    model, batch = initialised_xia(XIA_ROWS[row]).eval(), xia_utterances()
    empty = torch.zeros(len(batch.tokens), 0)
    without = replace(batch, tokens=empty.long(), token_mask=empty.bool())
    assert torch.equal(model(without), model(batch))


@every_row
def test_encoders_of_the_config_are_those_that_are_built(row):
    names = {
        name.split(".")[1]
        for name, _ in initialised_xia(XIA_ROWS[row]).named_parameters()
        if name.startswith("branches.")
    }
    assert names == XIA_ROWS[row].encoders.keys()


@pytest.mark.parametrize(("row", "ordered"), [("full", True), ("no_positions", False)])
@torch.no_grad()
def test_positions_make_the_order_of_windows_matter(row, ordered):
    model, batch = initialised_xia(XIA_ROWS[row]).eval(), xia_utterances()
    turned = [5, 4, 3, 2, 1, 0]
    batch = replace(
        only(batch, 0), faces=batch.faces, mels=batch.mels, num_faces=(6,), num_chunks=(6,)
    )
    other = replace(batch, faces=batch.faces[turned], mels=batch.mels[turned])
    assert torch.allclose(model(batch), model(other), atol=1e-5) is not ordered


def test_weights_of_the_modalities_add_up_to_one():
    model = initialised_xia(FULL).eval()
    with torch.no_grad(), weights_of(model) as weights:
        model(xia_utterances())
    assert weights["fusion"].shape == (3, len(FULL.modalities))
    torch.testing.assert_close(weights["fusion"].sum(1), torch.ones(3))


@pytest.mark.parametrize(
    ("sem_after", "frozen"),
    [
        (("conv2", "conv4"), ("conv1", "conv2")),
        (("conv1", "conv4"), ("conv1",)),
        ((), ("conv1", "conv2")),
    ],
    ids=["none follows", "conv2 follows", "no sem"],
)
def test_frozen_groups_learn_after_a_sem_where_asked(sem_after, frozen):
    encoder = XiaAudioConfig(sem_after=sem_after)
    assert frozen_groups(encoder, SemConfig()) == ("conv1", "conv2")
    assert frozen_groups(encoder, SemConfig(unfreeze_after=True)) == frozen
