from pathlib import Path

import numpy as np
import pytest

from reports.figures.style import Drawing, write_drawing
from reports.model_figures.embedding import Panel, draw_embedding, embed, separation, standardise

EMOTIONS = np.array(["happy", "neutral", "sad"])


def planted(distance: float, *, num_each: int = 15, seed: int = 0) -> Panel:
    """Draw unit-variance clouds, one an emotion, in 8 dimensions."""
    generator = np.random.default_rng(seed)
    emotions = np.repeat(EMOTIONS, num_each)
    centres = np.repeat(distance * np.eye(3, 8), num_each, axis=0)
    features = (centres + generator.normal(size=centres.shape)).astype(np.float32)
    return Panel(f"distance {distance}", features, emotions)


def draw(*panels: Panel) -> Drawing:
    return draw_embedding(panels, name="panels", title="Panels", about="Clouds.")


def test_planted_emotions_are_neighbours_in_the_plane() -> None:
    panel = planted(12.0)
    places = embed(standardise(panel.features), seed=0)
    distances = np.linalg.norm(places[:, None] - places, axis=-1) + np.diag([np.inf] * len(places))
    assert (panel.emotions[distances.argmin(1)] == panel.emotions).all()


def test_drawing_is_the_same_every_time(tmp_path: Path) -> None:
    panels = planted(3.0), planted(0.0, seed=1)
    first, second = (write_drawing(draw(*panels), tmp_path / name) for name in "ab")
    assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in first)


def test_all_panels_are_points_of_one_plane() -> None:
    drawing = draw(planted(12.0), planted(0.0, seed=1))
    assert drawing.data.groupby("panel").size().to_dict() == {"A": 45, "B": 45}
    limits = {axes.get_xlim() + axes.get_ylim() for axes in drawing.figure.axes if axes.has_data()}
    ((left, right, bottom, top),) = limits
    assert drawing.data["x"].between(left, right).all()
    assert drawing.data["y"].between(bottom, top).all()
    assert "of all 90 points (perplexity 30, PCA start, seed 0)" in drawing.caption


def test_separation_is_told_of_the_features_not_of_the_picture() -> None:
    drawing = draw(planted(12.0), planted(0.0, seed=1))
    apart, mixed = drawing.data.groupby("panel")["silhouette_of_panel"].first()
    assert apart > 0.2 > 0.1 > abs(mixed)
    labels = [axes.get_xaxis().get_label_text() for axes in drawing.figure.axes]
    assert f"silhouette {apart:.2f}" in labels


def test_separation_is_the_mean_silhouette() -> None:
    features = np.array([[0.0], [1.0], [10.0], [11.0]])
    emotions = np.array(["sad", "sad", "happy", "happy"])
    outer, inner = 1 - 1 / 10.5, 1 - 1 / 9.5  # 1 - a / b, each other member is 1 away
    assert separation(features, emotions) == pytest.approx((outer + inner) / 2)


@pytest.mark.parametrize("emotions", [["sad", "sad", "sad"], ["happy", "neutral", "sad"]])
def test_separation_of_one_emotion_or_of_single_utterances_is_undefined(emotions: list) -> None:
    assert separation(np.eye(3), np.array(emotions)) is None


def test_feature_that_never_varies_becomes_zero() -> None:
    features = np.array([[1.0, 5.0], [3.0, 5.0]])
    assert standardise(features).tolist() == [[-1, 0], [1, 0]]


def test_too_few_utterances_have_no_embedding() -> None:
    with pytest.raises(ValueError, match="an embedding needs 4 or more utterances, not 3"):
        embed(np.eye(3), seed=0)
