from dataclasses import replace
from typing import Any

import pytest
import torch

from models.build import build
from models.configs.late_fusion import HeadsConfig, LfTransformerConfig
from tests.models.baselines_factory import (
    FEATURE_ROWS,
    ROWS_WITH_LEAKING_PADDING,
    built,
    change,
    feature_rows,
    only_features,
    task_of,
)


def test_heads_that_do_not_divide_the_features_are_an_error():
    task = task_of({"text": 300, "audio": 74, "vision": 36})
    message = "model.heads.vision 5 does not divide .* vision features 36; choose from 1, 2.*'auto'"
    with pytest.raises(ValueError, match=message):
        build(LfTransformerConfig(), task)


@pytest.mark.parametrize(
    ("width", "heads"), [(300, 4), (301, 1), (302, 2), (303, 3)], ids=lambda value: str(value)
)
def test_auto_takes_the_greatest_divisor_up_to_the_heads_of_the_paper(width, heads):
    config = LfTransformerConfig(modalities=("text",), heads=HeadsConfig(text="auto"))
    model: Any = build(config, task_of({"text": width}))
    attention = model.branches["text"].encoder.encode.transformer.layers[0].attention
    assert attention.num_heads == heads


@torch.no_grad()
@pytest.mark.parametrize("name", ROWS_WITH_LEAKING_PADDING)
def test_compat_lets_a_longer_neighbour_change_the_text(name):
    model = built(change(FEATURE_ROWS[name], modalities=("text",))).eval()
    batch = feature_rows()
    together, alone = model(batch), model(only_features(batch, 1))
    assert not torch.allclose(together[1:2], alone, atol=1e-5)


@torch.no_grad()
def test_transformers_mask_the_padding_of_audio_and_vision_under_compat_too():
    config = change(FEATURE_ROWS["lf_transformer_compat"], modalities=("audio", "vision"))
    model, batch = built(config).eval(), feature_rows()
    alone = torch.cat([model(only_features(batch, index)) for index in range(3)])
    torch.testing.assert_close(model(batch), alone, atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("name", ["lf_lstm", "lf_transformer", "emoembs", "mult", "bimha"])
def test_standardised_features_are_read_free_of_their_scale(name):
    config, batch = FEATURE_ROWS[name], feature_rows()
    task = task_of({"text": 12, "audio": 10, "vision": 15})
    audio = task.features["audio"]
    shifted = replace(audio, mean=1000 * audio.mean + 3, std=1000 * audio.std)
    other = replace(task, features={**task.features, "audio": shifted})
    expected = built(config, task=task).eval()(batch)
    scaled = built(config, task=other).eval()(replace(batch, audio=1000 * batch.audio + 3))
    torch.testing.assert_close(scaled, expected, atol=1e-4, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "reads_order"),
    [("lf_lstm", True), ("lf_transformer", False), ("emoembs", True), ("mult", True)],
    ids=["lf_lstm", "lf_transformer", "emoembs", "mult"],
)
def test_order_of_words_matters_to_what_has_steps(name, reads_order):
    model = built(FEATURE_ROWS[name]).eval()
    batch = feature_rows(num_text=(4,), num_audio=(1,), num_vision=(1,))
    shuffled = model(replace(batch, text=batch.text[[2, 0, 3, 1]]))
    assert torch.allclose(shuffled, model(batch), atol=1e-5) != reads_order
