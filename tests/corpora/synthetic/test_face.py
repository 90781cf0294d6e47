import numpy as np
import pytest
from facenet_pytorch import MTCNN

from corpora.synthetic.face import (
    EXPRESSIONS,
    HEIGHT_PX,
    NEUTRAL,
    WIDTH_PX,
    draw_frames,
    draw_speaker,
)

ALL = (NEUTRAL, *EXPRESSIONS.values())


def draw(seed: int) -> list[np.ndarray]:
    """Draw every expression of one person, with all degrees of speech."""
    generator = np.random.default_rng(seed)
    openings = np.linspace(0, 1, len(ALL)).tolist()
    return draw_frames(draw_speaker(generator), ALL, openings, generator)


def test_frames_have_the_stated_shape() -> None:
    assert {(frame.shape, frame.dtype.name) for frame in draw(0)} == {
        ((HEIGHT_PX, WIDTH_PX, 3), "uint8")
    }


def test_frames_are_deterministic_and_speakers_differ() -> None:
    assert all(np.array_equal(a, b) for a, b in zip(draw(1), draw(1), strict=True))
    assert not np.array_equal(draw(1)[0], draw(2)[0])


@pytest.mark.parametrize("emotion", EXPRESSIONS)
def test_expression_changes_much_of_the_face(emotion: str) -> None:
    generator = np.random.default_rng(0)
    shown = [NEUTRAL, EXPRESSIONS[emotion]]
    still, moved = draw_frames(draw_speaker(generator), shown, [0, 0], generator)
    changed = np.abs(still.astype(int) - moved).max(-1) > 40
    assert changed.sum() > 300


def test_speech_opens_the_mouth() -> None:
    generator = np.random.default_rng(0)
    closed, opened = draw_frames(draw_speaker(generator), [NEUTRAL] * 2, [0, 1], generator)
    assert np.abs(closed.astype(int) - opened).max() > 60


def test_mtcnn_finds_the_faces() -> None:
    frames = np.stack([frame for seed in range(6) for frame in draw(seed)])
    boxes, _ = MTCNN(keep_all=True, post_process=False).detect(frames)
    found = [box is not None for box in boxes]
    assert len(found) == 42
    assert np.mean(found) >= 0.95
