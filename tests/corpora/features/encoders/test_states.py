"""Every kind of encoder makes what `transformers` makes of one input alone, batch or not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import AutoModel, AutoTokenizer, CLIPVisionModel, Wav2Vec2FeatureExtractor

from corpora.checkpoints.files import Checkpoint, find_checkpoint
from corpora.features.encoders.batches import Rows
from corpora.features.encoders.faces import FaceStates
from corpora.features.encoders.texts import TextStates
from corpora.features.encoders.waves import WaveStates
from corpora.forms.faces import NO_FACES
from corpora.recipes.encoder_states import Layer
from tests.encoder_factory import AUDIO, NUM_LAYERS, SIDE_PX, TEXT, VISION, WIDTH
from tests.other_device import OTHER

RATE_HZ = 16_000
FRAME_S = 0.02
LAYERS: tuple[Layer, ...] = ("last", "mean", 0, NUM_LAYERS)

Write = Callable[[Path], Path]

each_audio = pytest.mark.parametrize("write", AUDIO.values(), ids=AUDIO)
each_vision = pytest.mark.parametrize("write", VISION.values(), ids=VISION)
each_text = pytest.mark.parametrize("write", TEXT.values(), ids=TEXT)


def waves() -> list[NDArray[np.float32]]:
    generator = np.random.default_rng(0)
    lengths = (9_000, 16_000, 400, 12_345, 1)
    return [generator.normal(0.1, 0.3, length).astype(np.float32) for length in lengths]


def wave_states(checkpoint: Checkpoint, layer: Layer = "last", step_s: float = 0.1) -> WaveStates:
    return WaveStates(checkpoint, layer, rate_hz=RATE_HZ, step_s=step_s, device="cpu")


def taken(last: torch.Tensor, hidden: Any, layer: Layer) -> Rows:
    """Take the states as the settings of the recipe say it in words."""
    table = {"last": last, "mean": sum(hidden[1:]) / NUM_LAYERS}
    states: torch.Tensor = table[layer] if isinstance(layer, str) else hidden[layer]
    rows: Rows = states.numpy()
    return rows


@torch.no_grad()
@each_audio
def test_states_of_a_wave_are_those_of_transformers(write: Write, tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), "audio")
    model: Any = AutoModel.from_pretrained(tmp_path).eval()
    extract = Wav2Vec2FeatureExtractor.from_pretrained(tmp_path)
    wave = waves()[0]
    given = extract(wave, sampling_rate=RATE_HZ, return_tensors="pt").input_values
    outputs = model(given, output_hidden_states=True)
    for layer in LAYERS:
        rows = wave_states(checkpoint, layer, step_s=FRAME_S)(wave)()
        hidden = [one[0] for one in outputs.hidden_states]
        assert rows.shape == (27, WIDTH)  # a frame every 320 samples, of 400 each
        np.testing.assert_allclose(
            rows, taken(outputs.last_hidden_state[0], hidden, layer), atol=1e-5
        )


@each_audio
def test_states_of_a_wave_do_not_depend_on_the_batch(write: Write, tmp_path: Path) -> None:
    encoder = wave_states(find_checkpoint(str(write(tmp_path)), "audio"))
    together = [promise() for promise in [encoder(wave) for wave in waves()]]
    for wave, rows in zip(waves(), together, strict=True):
        np.testing.assert_allclose(encoder(wave)(), rows, atol=1e-5)
    assert [len(rows) for rows in together] == [6, 10, 1, 8, 1]


def test_rows_of_a_wave_average_the_frames_of_a_step(tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(AUDIO["wav2vec2"](tmp_path)), "audio")
    frames = wave_states(checkpoint, step_s=FRAME_S)(waves()[0])()
    rows = wave_states(checkpoint, step_s=0.1)(waves()[0])()
    np.testing.assert_allclose(rows[1], frames[5:10].mean(0), atol=1e-6)
    np.testing.assert_allclose(rows[-1], frames[25:].mean(0), atol=1e-6)


def test_long_wave_is_encoded_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpora.features.encoders.waves.MAX_PIECE_S", 0.5)
    encoder = wave_states(find_checkpoint(str(AUDIO["wavlm"](tmp_path)), "audio"), step_s=FRAME_S)
    assert len(encoder(waves()[1])()) == 2 * 24  # two pieces of half a second


@torch.no_grad()
@each_text
def test_states_of_a_text_are_those_of_transformers(write: Write, tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), "text")
    model: Any = AutoModel.from_pretrained(tmp_path).eval()
    given = AutoTokenizer.from_pretrained(tmp_path)("well it is so good", return_tensors="pt")
    outputs = model(**given, output_hidden_states=True)
    for layer in LAYERS:
        rows = TextStates(checkpoint, layer, device="cpu")("well it is so good")()
        hidden = [one[0, 1:-1] for one in outputs.hidden_states]
        assert rows.shape == (5, WIDTH)
        np.testing.assert_allclose(
            rows, taken(outputs.last_hidden_state[0, 1:-1], hidden, layer), atol=1e-5
        )


@each_text
def test_states_of_a_text_do_not_depend_on_the_batch(write: Write, tmp_path: Path) -> None:
    encoder = TextStates(find_checkpoint(str(write(tmp_path)), "text"), "last", device="cpu")
    texts = ["well", "it is not good", "", "i am so bad", "unheard", "well " * 40]
    together = [promise() for promise in [encoder(text) for text in texts]]
    for text, rows in zip(texts, together, strict=True):
        np.testing.assert_allclose(encoder(text)(), rows, atol=1e-5)
    assert [len(rows) for rows in together] == [1, 4, 1, 4, 1, 14]  # 16 positions, two special
    assert not together[2].any()


@torch.no_grad()
@each_vision
def test_states_of_a_picture_are_those_of_transformers(write: Write, tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), "vision")
    kind: Any = CLIPVisionModel if "clip" in checkpoint.architecture else AutoModel
    model = kind.from_pretrained(tmp_path).eval()
    frame = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3)).astype(np.uint8)
    scaled = (frame / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
    picture = torch.from_numpy(scaled).float().permute(2, 0, 1)[None]
    outputs = model(picture, output_hidden_states=True)
    for layer in LAYERS:
        rows = FaceStates(checkpoint, layer, device="cpu")(frame, NO_FACES)()
        hidden = [one[:, 0] for one in outputs.hidden_states]
        np.testing.assert_allclose(rows, taken(outputs.pooler_output, hidden, layer), atol=1e-5)


@each_vision
def test_states_of_pictures_do_not_depend_on_the_batch(write: Write, tmp_path: Path) -> None:
    encoder = FaceStates(find_checkpoint(str(write(tmp_path)), "vision"), "last", device="cpu")
    frames = np.random.default_rng(0).integers(0, 256, (70, 40, 50, 3)).astype(np.uint8)
    together = [promise() for promise in [encoder(frame, NO_FACES) for frame in frames]]
    for index in (0, 69):
        alone = encoder(frames[index], NO_FACES)()
        np.testing.assert_allclose(alone, together[index], atol=1e-5)
    assert not np.allclose(together[0], together[69], atol=1e-3)


@each_audio
def test_states_of_a_wave_are_the_same_on_another_device(write: Write, tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), "audio")
    here, there = (
        WaveStates(checkpoint, "mean", rate_hz=RATE_HZ, step_s=0.1, device=device)
        for device in ("cpu", str(OTHER))
    )
    with sdpa_kernel(SDPBackend.MATH):
        found = [promise() for promise in [there(wave) for wave in waves()]]
    for wave, rows in zip(waves(), found, strict=True):
        np.testing.assert_allclose(rows, here(wave)(), atol=1e-4)


@each_text
def test_states_of_a_text_are_the_same_on_another_device(write: Write, tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), "text")
    here, there = (TextStates(checkpoint, "last", device=name) for name in ("cpu", str(OTHER)))
    with sdpa_kernel(SDPBackend.MATH):
        promises = [there(text) for text in ("it is so good", "well")]
        np.testing.assert_allclose(promises[1](), here("well")(), atol=1e-4)


@each_vision
def test_states_of_a_picture_are_the_same_on_another_device(write: Write, tmp_path: Path) -> None:
    checkpoint = find_checkpoint(str(write(tmp_path)), "vision")
    frame = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    with sdpa_kernel(SDPBackend.MATH):
        here, there = (FaceStates(checkpoint, 1, device=name) for name in ("cpu", str(OTHER)))
        np.testing.assert_allclose(there(frame, NO_FACES)(), here(frame, NO_FACES)(), atol=1e-4)
