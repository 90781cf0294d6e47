"""Pictures of utterances: every face crop in time order, and the spectrogram beside them."""

import textwrap
import warnings
from collections.abc import Sequence
from typing import assert_never

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.lines import Line2D
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from rich.cells import cell_len

from corpora.recipes.pictures import PowerMel, Recipe, VggishLogMel, Wave
from corpora.store.rows import PreparedRow
from reports.corpus.contact_samples import Sample

WIDTH, MARGIN, TITLE, GAP = 1400, 24, 74, 14
TILE, BESIDE, WINDOW_GAP, TIME = 96, 2, 10, 18
FACES_WIDTH, FRAME = 902, 3
SOUND_LEFT, SOUND_LEFT_ALONE, SOUND_HEIGHT, SOUND_AXIS = 985, 77, 100, 42
HEAD, LINE = 28, 20
"""All sizes above are pixels on the page."""

PX_PER_INCH, SCALE = 100, 1.5
"""The picture has `SCALE` times as many pixels as the page in each direction."""

CELLS, MAX_TEXT_LINES = 160, 4
"""The length of a transcript's lines in terminal columns, and the most lines on the sheet."""

INK, QUIET, PALE, RED, BLUE = "#1c2430", "#6b7684", "#d9dee4", "#d1242f", "#2f5d9b"
FONTS = ("DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans Arabic", "Noto Emoji")
"""The later fonts, if installed, provide letters that the first does not have."""

MAX_LINES, MAX_LINES_IN_ALL = 4, 48
"""The most lines of faces, of an utterance and of a sheet: they decide its time and its size."""

RANGE_DB = 80.0
"""Sound that is quieter than the peak by more than this is black."""

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


class _Page:
    """A picture whose positions are pixels from its upper left corner."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._figure = Figure(
            (WIDTH / PX_PER_INCH, height / PX_PER_INCH), dpi=PX_PER_INCH * SCALE, facecolor="white"
        )
        installed = set(get_font_names())
        self._fonts = [font for font in FONTS if font in installed]

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = self._height - top - height
        return self._figure.add_axes(
            (left / WIDTH, bottom / self._height, width / WIDTH, height / self._height)
        )

    def text(self, left: float, top: float, text: str, px: float, color: str = INK) -> Text:
        """Write a line."""
        label = self._figure.text(left / WIDTH, 1 - top / self._height, text, va="top")
        return self._styled(label, px, color)

    def after(self, before: Text, text: str, px: float, color: str) -> Text:
        """Write where another text ends."""
        label = Annotation(
            text, (1, 0.5), (9, 0), xycoords=before, textcoords="offset points", va="center"
        )
        self._figure.add_artist(label)
        return self._styled(label, px, color)

    def rule(self, top: float) -> None:
        """Draw a horizontal line over the whole width."""
        height = 1 - top / self._height
        self._figure.add_artist(Line2D((0, 1), (height, height), color=PALE, linewidth=1.5))

    def picture(self) -> Image.Image:
        canvas = FigureCanvasAgg(self._figure)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")

    def _styled(self, label: Text, px: float, color: str) -> Text:
        label.set(color=color, fontfamily=self._fonts, fontsize=px * 72 / PX_PER_INCH)
        label.set_parse_math(False)  # a transcript may hold dollar signs
        return label


def draw_utterances(samples: Sequence[Sample], recipe: Recipe) -> list[Image.Image]:
    """Draw faces and sound of each utterance; the more there are, the fewer faces each has."""
    max_lines = lines_each(len(samples))
    return [_draw_media(sample.row, recipe, max_lines) for sample in samples]


def lines_each(num_samples: int) -> int:
    """Return how many lines of faces each of so many utterances may have."""
    return max(1, min(MAX_LINES, MAX_LINES_IN_ALL // max(1, num_samples)))


def draw_sheet(
    samples: Sequence[Sample], pictures: Sequence[Image.Image], title: str, legend: str
) -> Image.Image:
    """Arrange drawn utterances below each other, each below its facts."""
    texts = [_wrapped(sample.row.text) for sample in samples]
    heads = [GAP + HEAD + LINE * len(lines) + GAP / 2 for lines in texts]
    heights = [picture.height / SCALE + GAP for picture in pictures]
    page = _Page(TITLE + sum(heads) + sum(heights))
    page.text(MARGIN, 16, title, 20).set_fontweight("bold")
    page.text(MARGIN, 47, legend, 12.5, QUIET)
    places = []
    top: float = TITLE
    for sample, lines, head, height in zip(samples, texts, heads, heights, strict=True):
        page.rule(top)
        _draw_head(page, top + GAP, sample)
        for number, line in enumerate(lines):
            page.text(MARGIN, top + GAP + HEAD + LINE * number, line, 14)
        places.append(round((top + head) * SCALE))
        top += head + height
    sheet = page.picture()
    for picture, place in zip(pictures, places, strict=True):
        sheet.paste(picture, (0, place))
    return sheet


def about(sample: Sample) -> str:
    """Write the facts about an utterance besides its id, labels and text."""
    row = sample.row
    parts = [
        sample.split,
        *([f"of {row.group}"] if row.group not in (row.id, row.speaker) else ()),
        *([f"speaker {row.speaker}"] if row.speaker else ()),
        f"{row.seconds:.2f} s",
        *([_faces_of(row)] if len(row.found) else ()),
    ]
    return " \N{MIDDLE DOT} ".join(parts)


def _faces_of(row: PreparedRow) -> str:
    return f"{int(row.found.any(1).sum())} of {len(row.found)} windows with a face"


def _draw_head(page: _Page, top: float, sample: Sample) -> None:
    label = page.text(MARGIN, top, sample.row.id, 15)
    label.set_fontweight("bold")
    labels = [(emotion, BLUE) for emotion in sample.emotions] or [("no emotion", QUIET)]
    for word, color in (*labels, *((word, RED) for word in sample.lacks)):
        label = page.after(label, f" {word} ", 12, "white")
        label.set_bbox({"boxstyle": "round,pad=0.2", "facecolor": color, "edgecolor": "none"})
    page.after(label, about(sample), 12.5, QUIET)


def _draw_media(row: PreparedRow, recipe: Recipe, max_lines: int) -> Image.Image:
    """Draw windows in lines, each with its time and its candidate faces, and the sound beside."""
    num_shown = _num_shown(row, max_lines)
    page = _Page(_media_height(row, max_lines))
    for window in range(num_shown):
        left, top = _place(row, window)
        page.text(left, top - 14, f"{window * recipe.window_s:.2f} s", 10, QUIET)
    if num_shown < len(row.found):
        left, top = _place(row, num_shown)
        num_without = int((~row.found[num_shown:].any(1)).sum())
        more = f"{ELLIPSIS} {len(row.found) - num_shown} more,\n{num_without} without\na face"
        page.text(left, top + TILE / 2 - 20, more, 11)
    left = SOUND_LEFT if num_shown else SOUND_LEFT_ALONE
    if len(row.mels):
        axes = page.axes(left, TIME, WIDTH - MARGIN - left, SOUND_HEIGHT)
        _draw_sound(axes, row, recipe)
    picture = page.picture()
    for window in range(num_shown):
        left, top = _place(row, window)
        for crop, is_face in zip(row.crops[window], row.found[window], strict=True):
            picture.paste(_tile(crop, is_face), (round(left * SCALE), round(top * SCALE)))
            left += TILE + BESIDE
    return picture


def _place(row: PreparedRow, window: int) -> tuple[int, int]:
    """Return where a window's first face lies on the page."""
    num_candidates = row.found.shape[1]
    line, place = divmod(window, _windows_per_line(row))
    step = num_candidates * (TILE + BESIDE) - BESIDE + WINDOW_GAP
    return MARGIN + place * step, line * (TIME + TILE + BESIDE) + TIME


def _tile(crop: NDArray[np.uint8], is_face: bool) -> Image.Image:
    """Scale a crop; a red frame marks one without a face."""
    side = round(TILE * SCALE)
    tile = Image.fromarray(crop).resize((side, side), Image.Resampling.BICUBIC)
    if not is_face:
        frame = (0, 0, side - 1, side - 1)
        ImageDraw.Draw(tile).rectangle(frame, outline=RED, width=round(FRAME * SCALE))
    return tile


def _draw_sound(axes: Axes, row: PreparedRow, recipe: Recipe) -> None:
    """Draw the spectrogram; ticks mark the borders of chunks, a line the end of the utterance."""
    mels, settings = _spectrogram_of(row, recipe)
    chunk_s = settings.chunk_frames * settings.hop / settings.sample_rate_hz
    end_s = len(mels) * chunk_s
    loudness = loudness_db(mels, settings)
    peak = float(loudness.max())
    axes.imshow(
        loudness,
        cmap="magma",
        vmin=max(peak - RANGE_DB, float(loudness.min())),
        vmax=peak,
        origin="lower",
        extent=(0, end_s, 0, settings.num_mels),
        aspect="auto",
    )
    axes.axvline(row.seconds, color="white", linestyle="--", linewidth=1)
    axes.set_xticks(np.arange(len(mels) + 1) * chunk_s, minor=True)
    axes.set_xlabel("seconds", fontsize=8, color=QUIET, labelpad=1)
    axes.set_ylabel("mel band", fontsize=8, color=QUIET)
    axes.set(xlim=(0, end_s), yticks=np.linspace(0, settings.num_mels, 5))
    axes.tick_params(labelsize=7.5, colors=QUIET)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _spectrogram_of(
    row: PreparedRow, recipe: Recipe
) -> tuple[NDArray[np.float32], PowerMel | VggishLogMel]:
    """Return the spectrogram of an utterance and its settings; one is made of a stored wave."""
    if isinstance(recipe.spectrogram, Wave):
        from corpora.forms.spectrogram import Spectrogrammer  # loads PyTorch

        shown = PowerMel(sample_rate_hz=recipe.spectrogram.sample_rate_hz)
        return Spectrogrammer(shown)(row.mels.reshape(-1).copy()), shown
    return row.mels, recipe.spectrogram


def loudness_db(
    mels: NDArray[np.float32], settings: PowerMel | VggishLogMel
) -> NDArray[np.float64]:
    """Join chunks to one spectrogram in decibels; the floor is `RANGE_DB` below the peak.

    Shapes:
        mels: (chunks, num_mels, frames) of power, or (chunks, frames, num_mels) of log magnitude
            -> (num_mels, chunks x frames)
    """
    match settings:
        case PowerMel():
            power = mels.transpose(1, 0, 2).reshape(settings.num_mels, -1).astype(np.float64)
            floor = power.max() * 10 ** (-RANGE_DB / 10) or 1.0
            return 10 * np.log10(np.maximum(power, floor))
        case VggishLogMel():
            log_magnitude = mels.reshape(-1, settings.num_mels).T.astype(np.float64)
            return 20 / np.log(10) * log_magnitude
        case _:
            assert_never(settings)


def _windows_per_line(row: PreparedRow) -> int:
    step = row.found.shape[1] * (TILE + BESIDE) - BESIDE + WINDOW_GAP
    return max(1, (FACES_WIDTH + WINDOW_GAP) // step)


def _num_shown(row: PreparedRow, max_lines: int) -> int:
    """Count the windows that are drawn; if not all fit, the last place shows how many are left."""
    num_places = max_lines * _windows_per_line(row)
    return len(row.found) if len(row.found) <= num_places else num_places - 1


def _media_height(row: PreparedRow, max_lines: int) -> float:
    num_places = min(len(row.found), _num_shown(row, max_lines) + 1)
    num_lines = -(-num_places // _windows_per_line(row))
    return max(num_lines * (TIME + TILE + BESIDE), TIME + SOUND_HEIGHT + SOUND_AXIS)


def _wrapped(text: str) -> list[str]:
    """Cut a text into lines; letters of double width count twice."""
    width = max(1, CELLS * len(text) // max(1, cell_len(text)))
    return textwrap.wrap(text, width, max_lines=MAX_TEXT_LINES, placeholder=f" {ELLIPSIS}")
