"""Drawings of attention: over the sites of pictures, and over the steps of an utterance."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports.figures.style import Drawing, write_drawing
from reports.model_figures.site_attention import MAX_WINDOWS, SiteAttention, draw_site_attention
from reports.model_figures.step_attention import Band, Steps, draw_step_attention


def sites(num_windows: int) -> Drawing:
    generator = np.random.default_rng(0)
    faces = generator.integers(0, 256, (num_windows, 8, 8, 3), dtype=np.uint8)
    sound = generator.normal(size=(num_windows, 6, 8))
    weights = generator.random((num_windows, 2, 2))
    return draw_site_attention(
        [
            SiteAttention("faces", faces, {"SEM conv3": weights / weights.sum()}),
            SiteAttention("sound", sound, {"SEM conv2": np.full((num_windows, 3, 4), 1 / 12)}),
        ],
        window_s=0.96,
        name="sites",
        title="Sites",
        about="Attention.",
    )


def steps() -> Drawing:
    pictures = np.random.default_rng(0).random((3, 4, 4))
    weights = np.array([[0.1, 0.2, 0.3, 0.15, 0.25], [0.0, 0.0, 1.0, 0.0, 0.0]])
    return draw_step_attention(
        [
            Steps("text", ("oh", "well")),
            Steps("faces", ("0 s", "1 s", "2 s"), pictures, 2.0, keep_shape=True),
        ],
        [Band("queries\nattend", ("happy", "sad"), (weights[:, :2], weights[:, 2:]), True)],
        name="steps",
        title="Steps",
        about="Attention.",
    )


def pictures_of(figure: Figure) -> list[np.ndarray]:
    every = [axes for shown in figure.axes for axes in (shown, *shown.child_axes)]
    return [np.asarray(image.get_array()) for axes in every for image in axes.images]


def test_weights_of_sites_are_told_relative_to_the_mean_of_their_picture() -> None:
    data = sites(2).data
    means = data.groupby(["modality", "module", "window"])["relative_weight"].mean()
    assert means.to_numpy() == pytest.approx(np.ones(4))
    assert (data.loc[data["modality"] == "sound", "relative_weight"] == 1).all()
    assert set(data["start_s"]) == {0.0, 0.96}


def test_every_window_is_drawn_plain_and_below_each_module() -> None:
    assert len(pictures_of(sites(2).figure)) == 2 * (1 + 2) * 2  # overlays lie on a picture


def test_windows_that_do_not_fit_are_in_the_data_and_told() -> None:
    drawing = sites(MAX_WINDOWS + 1)
    assert drawing.caption.endswith("The first 7 of 8 windows are drawn.")
    assert drawing.data["window"].max() == MAX_WINDOWS
    assert "are drawn" not in sites(2).caption


def test_weights_of_steps_are_drawn_as_they_are() -> None:
    drawing = steps()
    drawn = [array for array in pictures_of(drawing.figure) if array.shape[0] == 2]
    assert [array.tolist() for array in drawn] == [
        [[0.1, 0.2], [0.0, 0.0]],
        [[0.3, 0.15, 0.25], [1.0, 0.0, 0.0]],
    ]
    first, *_, last = drawing.data.to_dict("records")
    assert first == {
        "band": "queries attend",
        "query": "happy",
        "modality": "text",
        "step": 0,
        "name": "oh",
        "weight": 0.1,
    }
    assert (last["query"], last["name"], last["weight"]) == ("sad", "2 s", 0.0)


def test_bars_tell_how_much_goes_to_each_modality() -> None:
    bars = [bar for axes in steps().figure.axes for group in axes.containers for bar in group]
    widths = [round(bar.get_width(), 6) for bar in bars]
    assert widths == [0.3, 0.0, 0.7, 1.0]  # of text, then of faces; happy, then sad
    assert [bar.get_x() for bar in bars] == pytest.approx([0.0, 0.0, 0.3, 0.0])


@pytest.mark.parametrize("draw", [steps, lambda: sites(2)], ids=["steps", "sites"])
def test_attention_is_written_as_the_same_bytes_every_time(draw, tmp_path: Path) -> None:
    first, second = (write_drawing(draw(), tmp_path / name) for name in "ab")
    assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in first)
