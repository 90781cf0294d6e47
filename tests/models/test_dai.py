from dataclasses import replace

import pytest
import torch

from models.builders import dai
from models.builders.text import build_text_encoder
from models.configs.base import MODALITIES
from models.configs.dai import DaiAudioConfig, DaiVisionConfig, Fe2eConfig, MesmConfig
from models.encoders.dai_cnn import DaiCnn, num_features
from models.groups import mark_pretrained, parameter_groups
from tests.models.baselines_factory import DAI_ROWS, FE2E, MESM, built, change, dai_utterances

every_system = pytest.mark.parametrize("config", [FE2E, MESM], ids=["fe2e", "mesm"])


def as_if_loaded(text):
    encoder = build_text_encoder(text)
    mark_pretrained(encoder)
    return encoder


@pytest.mark.parametrize(
    ("channels", "height", "width", "features"),
    [(3, 48, 48, 3 * 3 * 512), (1, 128, 32, 8 * 2 * 512)],
    ids=["face", "mel"],
)
def test_cnn_shrinks_pictures_as_the_paper_says(channels, height, width, features):
    with torch.device("meta"):
        cnn = DaiCnn(in_channels=channels, base_channels=64)
        assert cnn(torch.empty(2, channels, height, width)).shape == (2, features)
    assert num_features(base_channels=64, height=height, width=width) == features


@every_system
@torch.no_grad()
def test_order_of_frames_and_chunks_does_not_matter(config):
    model = built(config).eval()
    batch = dai_utterances(num_tokens=(3,), num_faces=(4,), num_chunks=(4,))
    shuffled = replace(batch, faces=batch.faces[[2, 0, 3, 1]], mels=batch.mels[[3, 1, 0, 2]])
    torch.testing.assert_close(model(batch), model(shuffled), atol=1e-5, rtol=0)


@torch.no_grad()
def test_weighted_sum_begins_with_the_mean_of_the_decisions_of_single_modalities():
    batch = dai_utterances()
    alone = [built(DAI_ROWS[f"fe2e_{name}"]).eval()(batch) for name in MODALITIES]
    torch.testing.assert_close(built(FE2E).eval()(batch), torch.stack(alone).mean(0))


@every_system
def test_text_head_learns_at_the_rate_of_its_encoder(config, monkeypatch):
    monkeypatch.setattr(dai, "build_text_encoder", as_if_loaded)
    model = built(config)
    _, slow = parameter_groups(model, base_lr=1.0, pretrained_lr=0.1)
    names = {name for name, p in model.named_parameters() if any(p is q for q in slow["params"])}
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    assert names == {name for name in trainable if name.startswith("branches.text.")}


@every_system
def test_smallest_pictures_train_with_one_frame(config):
    audio, vision = change(config.audio, pool=(8, 2)), change(config.vision, pool=(3, 3))
    model = built(change(config, audio=audio, vision=vision))
    model(dai_utterances(num_tokens=(1,), num_faces=(1,), num_chunks=(1,))).sum().backward()
    for parameter in model.parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None
            assert parameter.grad.isfinite().all()
    assert all(buffer.isfinite().all() for buffer in model.buffers())


@pytest.mark.parametrize("config", [Fe2eConfig(), MesmConfig()], ids=["fe2e", "mesm"])
def test_only_what_is_read_is_an_encoder(config):
    changed = change(config, modalities=("text", "vision"))
    assert dict(changed.encoders) == {"text": config.text, "vision": config.vision}
    assert list(changed.pretrained_encoders) == ["text"]


def test_mesm_without_text_is_an_error():
    with pytest.raises(ValueError, match=r"modalities audio, vision lack 'text'.*or choose .*fe2e"):
        MesmConfig(modalities=("vision", "audio"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DaiVisionConfig(pool=(2, 2)), "pool 2 .* multiple of 16 of 48; choose from 1, 3"),
        (lambda: DaiAudioConfig(pool=(1, 4)), "pool 4 .* multiple of 16 of 32; choose from 1, 2"),
        (lambda: DaiVisionConfig(face_px=40), "multiple of 16"),
        (lambda: Fe2eConfig(width=30), "temporal.num_heads 4 does not divide width 30"),
        (lambda: MesmConfig(tau=0), "greater than 0"),
    ],
    ids=["vision_pool", "audio_pool", "face_px", "heads", "tau"],
)
def test_sizes_that_do_not_fit_are_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
