"""Faces found in batches on a GPU are those found on the CPU."""

import numpy as np
import torch

from corpora.forms.faces import DETECTION_BATCH, FaceDetector
from corpora.synthetic.face import EXPRESSIONS, draw_frames, draw_speaker
from tests.gpu.devices import on_each_device

NUM_FRAMES = DETECTION_BATCH + 2
PIXELS, PROBABILITY = 2.0, 0.01
"""How far a box or a landmark, and how sure it is, may be off."""


@on_each_device
def test_largest_face_of_each_frame_is_where_the_cpu_finds_it(device: torch.device) -> None:
    generator = np.random.default_rng(0)
    expressions = [*EXPRESSIONS.values()]
    frames = [
        draw_frames(draw_speaker(generator), [expressions[index % 6]], [0.2], generator)[0]
        for index in range(NUM_FRAMES)
    ]
    pairs = zip(
        FaceDetector(str(device)).detect(frames), FaceDetector("cpu").detect(frames), strict=True
    )
    found = 0
    for on_device, on_cpu in pairs:
        assert bool(len(on_device)) == bool(len(on_cpu))
        if len(on_cpu):
            found += 1
            for name, tolerance in (
                ("boxes", PIXELS),
                ("landmarks", PIXELS),
                ("probabilities", PROBABILITY),
            ):
                np.testing.assert_allclose(
                    getattr(on_device, name)[0], getattr(on_cpu, name)[0], atol=tolerance, rtol=0
                )
    assert found >= NUM_FRAMES - 1
