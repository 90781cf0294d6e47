"""The prediction for one clip as an HTML page that loads no other files."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from corpora.forms.seen import SeenWave
from reports.figures.style import PNG_DPI, Drawing, to_png
from reports.forms.html import STYLE
from reports.prediction.content import ClipContent, WithoutModality, summary
from reports.prediction.prediction import valid_header, valid_score
from reports.prediction.view import WEIGHTS

if TYPE_CHECKING:
    from jinja2 import Environment

JPEG_QUALITY = 85
SCALE = 130 / PNG_DPI
"""The size of a drawing's pixel in CSS pixels."""

WAVE_HEIGHT = 100
"""The height of the waveform's coordinates; each part of the wave is 1 wide."""

NUM_TICKS = 6
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800)
"""The times between two ticks of which one is chosen."""


@dataclass(frozen=True)
class Change:
    """What a withheld modality changes: the value without it, and the difference to that with it.

    `turns` says what the decision becomes, if it is another.
    """

    value: str
    difference: str
    turns: str


def to_page(content: ClipContent) -> str:
    """Write the page."""
    template = environment().get_template("clip.html.j2")
    return template.render(
        content=content,
        prediction=content.prediction,
        record=content.record,
        trial=content.record.trial,
        circumstances=content.record.circumstances,
        table_style=STYLE,
        summary=summary(content.prediction),
        valid=f"{valid_header(content.record)} {valid_score(content.record):.3f}",
        kinds_of_weights=WEIGHTS,
        changes={name: list(_changes(content, name)) for name in content.values},
        ticks=_ticks(content.prediction.seconds),
    )


def jpeg_uri(picture: NDArray[np.uint8]) -> str:
    """Put a picture into an address that a page can show."""
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{b64encode(buffer.getvalue()).decode()}"


def wave_path(wave: SeenWave) -> str:
    """Draw the outline of a wave: along its highest samples, and back along its lowest ones.

    The loudest sample reaches the edge.
    """
    middle = WAVE_HEIGHT / 2
    peak = max(float(np.abs(wave.low).max()), float(np.abs(wave.high).max())) or 1.0
    above = [f"{place},{middle - middle * high / peak:.1f}" for place, high in enumerate(wave.high)]
    below = [f"{place},{middle - middle * low / peak:.1f}" for place, low in enumerate(wave.low)]
    return f"M{' L'.join([*above, *reversed(below)])}Z"


def _changes(content: ClipContent, name: str) -> Iterator[Change]:
    before = content.values[name]
    was_present = {one.emotion: one.present for one in content.prediction.decisions}
    for one in content.without:
        yield Change(
            f"{one.values[name]:.3f}",
            _signed(one.values[name] - before),
            _turns(one, name, was_present),
        )


def _signed(difference: float) -> str:
    rounded = round(difference, 3) + 0.0  # no -0.0
    return f"{rounded:+.3f}".replace("-", "\N{MINUS SIGN}")


def _turns(without: WithoutModality, name: str, was_present: dict[str, bool]) -> str:
    if name not in without.present or without.present[name] == was_present[name]:
        return ""
    return "present" if without.present[name] else "absent"


def _ticks(seconds: float) -> list[tuple[float, str]]:
    """Choose a few times on the axis of the sound: their place in percent, and their words."""
    if not seconds:
        return []
    step = next((one for one in STEPS_S if seconds / one <= NUM_TICKS), STEPS_S[-1])
    times = np.arange(0, seconds, step)
    return [(100 * time / seconds, f"{time:g} s") for time in times.round(1)]


@cache
def environment() -> "Environment":
    """Return what fills in the templates of this room; text is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # it takes a while to load

    made = Environment(
        loader=PackageLoader("reports.prediction", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    made.filters |= {
        "jpeg_uri": jpeg_uri,
        "png_uri": _png_uri,
        "png_width": _png_width,
        "wave_path": wave_path,
        "sentence": _sentence,
    }
    return made


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _png_uri(drawing: Drawing) -> str:
    return f"data:image/png;base64,{b64encode(to_png(drawing)).decode()}"


def _png_width(drawing: Drawing) -> int:
    return round(drawing.figure.get_figwidth() * PNG_DPI * SCALE)
