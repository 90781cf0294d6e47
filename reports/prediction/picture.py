"""The prediction for one clip as one picture: frames and faces, sound, words, probabilities."""

import textwrap
import warnings
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.font_manager import get_font_names
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from corpora.forms.seen import SeenFrame
from models.configs.base import Modality
from reports.corpus.contact_picture import FONTS
from reports.figures.style import COLOURS, GREY, in_style
from reports.prediction.content import ClipContent, summary
from reports.prediction.prediction import EmotionDecision
from reports.prediction.view import trial_line

WIDTH_IN, DPI = 9.0, 160
TITLE_IN, FRAMES_IN, SOUND_IN, LINE_IN, BAR_IN, AXIS_IN = 0.55, 1.45, 0.75, 0.19, 0.24, 0.45
"""The heights of the parts: the title, the frames, the sound, a line of words, a bar."""

MEDIA: dict[Modality, str] = {"audio": "sound", "vision": "pictures"}
LACKING_IN = 0.25
"""The height of a line that says why there are no frames, or no sound."""

MAX_FRAMES = 5
LINE_LETTERS, MAX_LINES = 120, 4
PRESENT, ABSENT, BOX = COLOURS[2], "#9AA3AD", COLOURS[2]
NO_FRAMES: dict[bool, str] = {
    True: "the clip has no pictures",
    False: "this model reads no pictures",
}
NO_SOUND: dict[bool, str] = {True: "the clip has no sound", False: "this model reads no sound"}


def draw_picture(content: ClipContent) -> bytes:
    """Draw a PNG; equal contents give equal bytes."""
    lines = _words(content)
    num_bars = len(content.values)
    frames_in = FRAMES_IN if content.seen.frames else LACKING_IN
    sound_in = LACKING_IN if content.seen.wave is None else SOUND_IN
    heights = [TITLE_IN, frames_in, sound_in, LINE_IN * (len(lines) + 1)]
    heights.append(BAR_IN * num_bars + AXIS_IN)
    file = BytesIO()
    with in_style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(WIDTH_IN, sum(heights)), dpi=DPI)
        title, frames, sound, words, bars = figure.subfigures(
            len(heights), 1, height_ratios=heights, squeeze=False
        )[:, 0]
        _draw_title(title, content)
        _draw_frames(frames, content)
        _draw_sound(sound, content)
        _write(words, 0.008, 0.95, "\n".join(lines), size=9)
        _draw_bars(bars, content)
        figure.savefig(file, format="png", dpi=DPI, metadata={"Title": content.prediction.clip})
    return file.getvalue()


def _draw_title(part: SubFigure, content: ClipContent) -> None:
    prediction = content.prediction
    name = textwrap.shorten(f"{prediction.clip}: {summary(prediction)}", 80, placeholder=" ...")
    _write(part, 0.008, 0.9, name, size=13, weight="bold")
    about = f"{prediction.seconds:.1f} s, {trial_line(content.record, content.rows)}"
    _write(part, 0.008, 0.3, textwrap.shorten(about, 150, placeholder=" ..."), color=GREY)


def _draw_frames(part: SubFigure, content: ClipContent) -> None:
    frames = content.seen.frames
    if not frames:
        _write(part, 0.008, 0.9, _lacking(content, "vision"), color=GREY)
        return
    places = np.linspace(0, len(frames) - 1, min(len(frames), MAX_FRAMES)).round().astype(int)
    grid = part.subplots(1, MAX_FRAMES, squeeze=False)[0]
    for axes in grid:
        axes.set_axis_off()
    for axes, place in zip(grid, places, strict=False):
        _draw_frame(axes, frames[place])


def _draw_frame(axes: Axes, frame: SeenFrame) -> None:
    height, width, _ = frame.picture.shape
    axes.imshow(frame.picture)
    told = f"{frame.time_s:.2f} s"
    if frame.box is None:
        told += ", no face found"
    else:
        left, top, right, bottom = frame.box
        axes.add_patch(
            Rectangle(
                (left * width, top * height),
                (right - left) * width,
                (bottom - top) * height,
                fill=False,
                edgecolor=BOX,
                linewidth=2,
            )
        )
    axes.set_title(told, fontsize=8, color=GREY)


def _draw_sound(part: SubFigure, content: ClipContent) -> None:
    seconds, wave = content.prediction.seconds, content.seen.wave
    if wave is None:
        _write(part, 0.008, 0.9, _lacking(content, "audio"), color=GREY)
        return
    axes = part.subplots()
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    times = np.linspace(0, seconds, len(wave.low))
    axes.fill_between(times, wave.low, wave.high, color=COLOURS[0], linewidth=0)
    peak = max(np.abs(wave.low).max(), np.abs(wave.high).max()) or 1.0
    axes.set(xlim=(0, seconds), ylim=(-peak, peak))
    axes.set_xlabel("sound, in seconds", color=GREY)
    axes.tick_params(colors=GREY)


def _words(content: ClipContent) -> list[str]:
    prediction = content.prediction
    if prediction.text_from is None:
        return ["no words were given"]
    text = " ".join(prediction.text.split())
    told = f'"{text}" ({prediction.text_from})'
    if not content.record.trial.config.model.reads_text:
        told += "; this model reads no words"
    return textwrap.wrap(told, LINE_LETTERS, max_lines=MAX_LINES, placeholder=" ...")


def _draw_bars(part: SubFigure, content: ClipContent) -> None:
    axes = part.subplots()
    names = list(content.values)
    decisions = content.prediction.decisions
    colours = [PRESENT if one.present else ABSENT for one in decisions] or COLOURS[0]
    places = np.arange(len(names))
    axes.barh(places, list(content.values.values()), height=0.62, color=colours)
    axes.set_yticks(places, names, fontsize=9)
    axes.invert_yaxis()
    for place, one in enumerate(decisions):
        _mark(axes, place, one)
    if decisions:
        axes.set_xlim(0, 1)
        has_thresholds = decisions[0].threshold is not None
        axes.set_xlabel("probability" + "; the upright line is the threshold" * has_thresholds)
    else:
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_xlabel("predicted number")
    for label in axes.get_yticklabels():
        _plain(label)


def _mark(axes: Axes, place: int, one: EmotionDecision) -> None:
    if one.threshold is not None:
        axes.plot([one.threshold] * 2, [place - 0.42, place + 0.42], color="black", linewidth=1.5)
    told = f"{one.probability:.3f}" + ", present" * one.present
    axes.annotate(told, (1, place), (4, 0), textcoords="offset points", va="center", fontsize=8)


def _lacking(content: ClipContent, modality: Modality) -> str:
    is_read = modality in content.record.trial.config.model.modalities
    return f"{'the clip has' if is_read else 'this model reads'} no {MEDIA[modality]}"


def _write(
    part: SubFigure,
    left: float,
    top: float,
    text: str,
    *,
    size: float = 8,
    color: str = "black",
    weight: str = "normal",
) -> None:
    label = part.text(left, top, text, va="top", fontsize=size, color=color, fontweight=weight)
    _plain(label)


def _plain(label: Text) -> None:
    """Take signs of formulas for what they are, and letters from any font that has them."""
    installed = set(get_font_names())
    label.set_parse_math(False)
    label.set_fontfamily([font for font in FONTS if font in installed])
