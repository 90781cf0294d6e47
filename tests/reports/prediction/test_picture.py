"""The picture of a prediction."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reports.prediction.picture import BOX, draw_picture
from reports.prediction.prediction import EmotionDecision
from tests.reports.prediction.factories import NO_MEDIA, make_content, make_prediction


def pixels(**changes: Any) -> np.ndarray:
    with Image.open(io.BytesIO(draw_picture(make_content(**changes)))) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def count(picture: np.ndarray, colour: str) -> int:
    wanted = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])
    return int((np.abs(picture - wanted) <= 2).all(-1).sum())


def test_equal_predictions_give_equal_bytes() -> None:
    assert draw_picture(make_content()) == draw_picture(make_content())


def test_face_has_its_box_and_emotions_that_are_present_their_colour() -> None:
    absent = make_prediction(decisions=(EmotionDecision("happy", 0.2, 0.5, False),))
    neither = pixels(seen=NO_MEDIA, prediction=absent)
    boxed, both = pixels(prediction=absent), pixels()
    assert count(neither, BOX) == 0
    assert 0 < count(boxed, BOX) < count(both, BOX)


@pytest.mark.parametrize(
    "changes",
    [
        {"seen": NO_MEDIA},
        {"prediction": make_prediction(text="", text_from=None)},
        {"prediction": make_prediction(text="a $x^2 $ 你好 " * 90)},
        {"prediction": make_prediction(decisions=(), numbers={"valence": -1.0})},
        {"prediction": make_prediction(decisions=(EmotionDecision("a", 0.5, None, True),))},
    ],
    ids=["no media", "no words", "many words", "numbers", "classes"],
)
def test_what_is_missing_or_odd_is_drawn_too(changes: dict[str, Any]) -> None:
    drawn, usual = pixels(**changes), pixels()
    assert drawn.shape[1] == usual.shape[1]
    assert drawn.shape != usual.shape or (drawn != usual).any()
