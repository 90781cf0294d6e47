from typing import Any

import pytest
import torch
from torch.nn.functional import layer_norm

from models.configs.bimha import BimhaConfig
from models.systems.bimha import append_one, outer
from tests.models.baselines_factory import FEATURE_ROWS, built, feature_rows


def test_outer_product_holds_both_vectors_and_their_products():
    first = append_one(torch.tensor([[2.0, 3.0]]))
    second = append_one(torch.tensor([[5.0]]))
    assert outer(first, second).tolist() == [[10.0, 2.0, 15.0, 3.0, 5.0, 1.0]]


@torch.no_grad()
def test_model_follows_its_equations():
    model: Any = built(FEATURE_ROWS["bimha"]).eval()
    batch = feature_rows()
    text, audio, vision = (
        append_one(model.branches[name](getattr(batch, name), getattr(batch, f"num_{name}")))
        for name in ("text", "audio", "vision")
    )
    pairs = {"text_audio": (text, audio), "text_vision": (text, vision)}
    pairs["audio_vision"] = (audio, vision)
    rows = [
        model.pairs[name](torch.einsum("bi,bj->bij", *pair).flatten(1))
        for name, pair in pairs.items()
    ]
    states = torch.stack(rows, dim=1)
    states = layer_norm(states + model.attention(states, states, None), states.shape[-1:])
    torch.testing.assert_close(model(batch), model.head(states.flatten(1)))


def test_rows_of_it_are_marked_as_reconstructed():
    assert BimhaConfig.reconstructed


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"modalities": ("audio",)}, "'bimha' pairs modalities, but .*'audio' alone; choose two"),
        ({"pair_width": 30}, "num_heads 4 does not divide pair_width 30"),
    ],
    ids=["one_modality", "heads"],
)
def test_configs_that_cannot_be_built_are_errors(fields, message):
    with pytest.raises(ValueError, match=message):
        BimhaConfig(**fields)
