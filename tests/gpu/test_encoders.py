"""A pretrained encoder makes the same states on a GPU as on the CPU."""

from pathlib import Path

import numpy as np
import pytest
import torch

from corpora.checkpoints.files import find_checkpoint
from corpora.features.encoders.faces import FaceStates
from corpora.features.encoders.texts import TextStates
from corpora.features.encoders.waves import WaveStates
from corpora.forms.faces import NO_FACES
from tests.encoder_factory import AUDIO, TEXT, VISION
from tests.gpu.devices import on_each_device

TOLERANCE = 0.01
"""cuDNN convolves in TF32."""


@on_each_device
@pytest.mark.parametrize("name", AUDIO)
def test_states_of_sound_are_those_of_the_cpu(
    name: str, device: torch.device, tmp_path: Path
) -> None:
    checkpoint = find_checkpoint(str(AUDIO[name](tmp_path)), "audio")
    generator = np.random.default_rng(0)
    waves = [generator.normal(0, 0.1, n).astype(np.float32) for n in (16_000, 40_000, 9_000)]
    there, here = (
        WaveStates(checkpoint, "last", rate_hz=16_000, step_s=0.1, device=str(one))
        for one in (device, "cpu")
    )
    found = [promise() for promise in [there(wave) for wave in waves]]
    for wave, rows in zip(waves, found, strict=True):
        np.testing.assert_allclose(rows, here(wave)(), atol=TOLERANCE)


@on_each_device
@pytest.mark.parametrize("name", TEXT)
def test_states_of_texts_are_those_of_the_cpu(
    name: str, device: torch.device, tmp_path: Path
) -> None:
    checkpoint = find_checkpoint(str(TEXT[name](tmp_path)), "text")
    texts = ("it is so good", "well", "i am not so bad")
    there, here = (TextStates(checkpoint, "last", device=str(one)) for one in (device, "cpu"))
    found = [promise() for promise in [there(text) for text in texts]]
    for text, rows in zip(texts, found, strict=True):
        np.testing.assert_allclose(rows, here(text)(), atol=TOLERANCE)


@on_each_device
@pytest.mark.parametrize("name", VISION)
def test_states_of_faces_are_those_of_the_cpu(
    name: str, device: torch.device, tmp_path: Path
) -> None:
    checkpoint = find_checkpoint(str(VISION[name](tmp_path)), "vision")
    frames = np.random.default_rng(0).integers(0, 256, (9, 40, 50, 3)).astype(np.uint8)
    there, here = (FaceStates(checkpoint, "last", device=str(one)) for one in (device, "cpu"))
    found = [promise() for promise in [there(frame, NO_FACES) for frame in frames]]
    for frame, rows in zip(frames, found, strict=True):
        np.testing.assert_allclose(rows, here(frame, NO_FACES)(), atol=TOLERANCE)
