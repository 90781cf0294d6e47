"""Any `transformers` encoder in a branch of the model of Le et al., trained from its checkpoint."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from corpora.checkpoints.files import find_checkpoint
from corpora.features.encoders.faces import FaceStates
from corpora.features.encoders.waves import WaveStates
from corpora.forms.faces import NO_FACES
from corpora.recipes.pictures import LE_WAVE, Wave
from models.build import build
from models.configs.le import (
    WAVE_CHUNK_SAMPLES,
    WAVE_RATE_HZ,
    ClsHead,
    LeConfig,
    LeTextConfig,
    NoFusion,
)
from models.encoders.pretrained import load_any_picture_encoder, load_any_wave_encoder
from models.groups import parameter_groups
from models.init import init_weights
from models.task import PictureScale
from models.weights.errors import WeightsError
from models.weights.find import weights_sha256
from tests.encoder_factory import AUDIO, SIDE_PX, TEXT, VISION, WIDTH
from tests.models.factories import NUM_EMOTIONS, TASK, TINY, Utterances, change, only, utterances

Write = Callable[[Path], Path]

SCALE = PictureScale(mean=(159.0, 111.0, 102.0), std=(37.0, 33.0, 32.0))
WITH_FACES = replace(TASK, faces=SCALE)
NUM_TOKENS = 17
"""The tokens that the tokenizers of the checkpoints know."""


def with_text(folder: Path, **fields: object) -> LeConfig:
    text = LeTextConfig(
        encoder="any", weights=str(folder), max_tokens=14, projection_hidden=16
    ).model_copy(update=fields)
    return change(TINY, text=text)


def with_vision(folder: Path) -> LeConfig:
    return change(TINY, vision=TINY.vision.model_copy(update={"weights": str(folder)}))


def model_of(config: LeConfig) -> nn.Module:
    model = build(config, WITH_FACES)
    init_weights(model, 0)
    return model


def with_audio(folder: Path) -> LeConfig:
    return change(TINY, audio=TINY.audio.model_copy(update={"weights": str(folder)}))


def inputs(config: LeConfig) -> Utterances:
    """Draw utterances as the recipe of a config has them, with tokens that are known."""
    batch = utterances()
    batch = replace(batch, tokens=batch.tokens % NUM_TOKENS)
    if config.recipe != "le-wave":
        return batch
    generator = torch.Generator().manual_seed(1)
    waves = torch.randn(sum(batch.num_chunks), 1, 1, WAVE_CHUNK_SAMPLES, generator=generator)
    return replace(batch, mels=waves)


CASES = [
    *(pytest.param(write, with_audio, "audio", id=name) for name, write in AUDIO.items()),
    *(pytest.param(write, with_text, "text", id=name) for name, write in TEXT.items()),
    *(pytest.param(write, with_vision, "vision", id=name) for name, write in VISION.items()),
]
every_encoder = pytest.mark.parametrize(("write", "config", "modality"), CASES)


@every_encoder
def test_utterance_alone_has_the_logits_of_a_batch_and_all_parameters_learn(
    write: Write, config: Callable[[Path], LeConfig], modality: str, tmp_path: Path
) -> None:
    settings = config(write(tmp_path))
    model, batch = model_of(settings), inputs(settings)
    logits = model.eval()(batch)
    assert logits.shape == (3, NUM_EMOTIONS)
    for index in range(3):
        torch.testing.assert_close(model(only(batch, index))[0], logits[index], atol=1e-4, rtol=0)
    model.train()(batch).square().sum().backward()
    encoder = model.get_submodule(f"branches.{modality}.backbone")
    lacking = [
        name
        for name, parameter in encoder.named_parameters()
        if parameter.requires_grad and parameter.grad is None
    ]
    assert not lacking


@every_encoder
def test_values_come_from_the_checkpoint_and_learn_at_its_rate(
    write: Write, config: Callable[[Path], LeConfig], modality: str, tmp_path: Path
) -> None:
    first, second = (model_of(config(write(tmp_path))) for _ in range(2))
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name]), name
    _, slow = parameter_groups(first, base_lr=1e-3, pretrained_lr=1e-5)
    encoder = first.get_submodule(f"branches.{modality}.backbone")
    assert slow["lr"] == 1e-5
    assert {*slow["params"]} == {p for p in encoder.parameters() if p.requires_grad}
    digests = weights_sha256(config(tmp_path))
    assert f"{modality}/model.safetensors" in digests


@pytest.mark.parametrize("write", VISION.values(), ids=VISION)
def test_faces_are_brought_to_what_the_checkpoint_reads(write: Write, tmp_path: Path) -> None:
    """At the encoder's own size, the state is the frozen one of the same pixels."""
    generator = torch.Generator().manual_seed(0)
    shape = (2, SIDE_PX, SIDE_PX, 3)
    pixels = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    mean, std = torch.tensor(SCALE.mean), torch.tensor(SCALE.std)
    encoder = load_any_picture_encoder(str(write(tmp_path)), SCALE).eval()
    states = encoder(((pixels - mean) / std).permute(0, 3, 1, 2))
    frozen = FaceStates(find_checkpoint(str(tmp_path), "vision"), "last", device="cpu")
    for state, picture in zip(states, pixels, strict=True):
        expected = torch.from_numpy(frozen(picture.numpy(), NO_FACES)()[0])
        torch.testing.assert_close(state, expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize("write", AUDIO.values(), ids=AUDIO)
def test_steps_of_sound_are_the_means_of_frozen_states(write: Write, tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), "audio")
    encoder = load_any_wave_encoder(
        str(tmp_path), rate_hz=WAVE_RATE_HZ, chunk_samples=WAVE_CHUNK_SAMPLES
    ).eval()
    waves = torch.randn(5, 1, 1, WAVE_CHUNK_SAMPLES, generator=torch.Generator().manual_seed(0))
    steps = encoder(waves, (3, 2)).split((3, 2))
    frozen = WaveStates(checkpoint, "last", rate_hz=WAVE_RATE_HZ, step_s=0.4, device="cpu")
    for wave, found in zip(waves.split((3, 2)), steps, strict=True):
        expected = torch.from_numpy(frozen(wave.flatten().numpy())())
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


def test_long_sound_is_encoded_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.encoders.pretrained.MAX_PIECE_S", 0.8)
    place = str(AUDIO["wav2vec2"](tmp_path))
    encoder = load_any_wave_encoder(
        place, rate_hz=WAVE_RATE_HZ, chunk_samples=WAVE_CHUNK_SAMPLES
    ).eval()
    waves = torch.randn(5, 1, 1, WAVE_CHUNK_SAMPLES, generator=torch.Generator().manual_seed(0))
    assert encoder(waves, (5,)).shape == (5, WIDTH)


def test_chunk_must_be_a_whole_number_of_frames(tmp_path: Path) -> None:
    place = str(AUDIO["wav2vec2"](tmp_path))
    with pytest.raises(WeightsError, match="a chunk of 6500 samples is no whole number of its fra"):
        load_any_wave_encoder(place, rate_hz=WAVE_RATE_HZ, chunk_samples=6500)


def test_sound_is_a_wave_only_where_an_encoder_reads_it(tmp_path: Path) -> None:
    config = with_audio(tmp_path)
    assert (TINY.recipe, config.recipe) == ("le", "le-wave")
    assert change(config, modalities=("text", "vision")).recipe == "le"
    assert (LE_WAVE.name, LE_WAVE.spectrogram) == (
        "le-wave",
        Wave(sample_rate_hz=WAVE_RATE_HZ, chunk_samples=WAVE_CHUNK_SAMPLES),
    )


def test_text_alone_is_read_from_the_state_of_cls(tmp_path: Path) -> None:
    config = change(
        with_text(TEXT["roberta"](tmp_path)),
        modalities=("text",),
        fusion=NoFusion(),
        head=ClsHead(),
    )
    logits = model_of(config)(inputs(config))
    assert logits.shape == (3, NUM_EMOTIONS)


def test_too_few_positions_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"16 positions, fewer than model\.text\.max_tokens 20"):
        build(with_text(TEXT["roberta"](tmp_path), max_tokens=20), TASK)


def test_encoder_of_another_modality_is_an_error_of_its_field(tmp_path: Path) -> None:
    config = with_vision(AUDIO["wavlm"](tmp_path))
    with pytest.raises(WeightsError, match=r"model\.vision\.weights .*no encoder of vision"):
        build(config, WITH_FACES)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model\.vision\.weights .*has no model\.safetensors"):
        weights_sha256(config)


def test_scale_of_faces_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs `Task\.faces`"):
        build(with_vision(VISION["clip"](tmp_path)), TASK)


def test_settings_that_name_no_encoder_are_refused() -> None:
    with pytest.raises(ValidationError, match="encoder 'any' needs a checkpoint; choose weights"):
        LeTextConfig.model_validate(dict(TINY.text) | {"encoder": "any"})
