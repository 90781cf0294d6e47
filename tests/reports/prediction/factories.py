"""What is shown of predictions that no model made."""

from dataclasses import replace
from typing import Any

import numpy as np

from corpora.forms.seen import Seen, SeenFrame, SeenWave
from reports.prediction.content import ClipContent, SeenFace, WithoutModality
from reports.prediction.prediction import EmotionDecision, Prediction
from search_spaces.study import RowRef
from tests.reports.factories import EMOTIONS, make_record, make_trial

PROBABILITIES, THRESHOLDS = (0.31, 0.72, 0.05), (0.4, 0.55, 0.5)
NO_MEDIA = Seen((), (), (), None)


def make_prediction(**changes: Any) -> Prediction:
    pairs = zip(EMOTIONS, PROBABILITIES, THRESHOLDS, strict=True)
    prediction = Prediction(
        clip="talk.mp4",
        seconds=2.0,
        text="oh well",
        text_from="--text",
        decisions=tuple(
            EmotionDecision(emotion, value, threshold, value > threshold)
            for emotion, value, threshold in pairs
        ),
        numbers={},
        weights=None,
        num_frames=2,
        num_faces=1,
        remarks=(),
        notes=("it has several sound tracks",),
    )
    return replace(prediction, **changes)


def make_content(**changes: Any) -> ClipContent:
    """Make what is shown of a clip of two frames, one of them with a face."""
    grey = np.full((90, 160, 3), 128, np.uint8)
    part = np.linspace(0, 0.5, 40, dtype=np.float32)
    without = {"anger": 0.31, "happy": 0.4, "sad": 0.05}
    content = ClipContent(
        prediction=make_prediction(),
        record=make_record(make_trial()),
        rows=(RowRef("layers", "1-1-2-2"),),
        seen=Seen(
            frames=(SeenFrame(0.0, grey, (0.25, 0.1, 0.5, 0.6)), SeenFrame(1.0, grey, None)),
            times_s=(0.0, 1.0),
            found=(True, False),
            wave=SeenWave(-part, part),
        ),
        faces=(SeenFace(0.0, grey[:64, :64], True), SeenFace(1.0, grey[:64, :64], False)),
        num_faces=2,
        tokens=("[CLS]", "oh", "well", "[SEP]"),
        without=(WithoutModality("text", without, dict.fromkeys(without, False)),),
        drawings=(),
        notes=("nothing is drawn",),
    )
    return replace(content, **changes)
