"""The style of every figure, and how figures are written: equal drawings give equal bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from pandas.api.types import is_numeric_dtype

from reports.forms.plain import csv_cell
from reports.ledger.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

FULL_WIDTH_IN, COLUMN_WIDTH_IN = 7.0, 3.4
"""The width of the text on a page, and of one of its two columns."""

PNG_DPI = 200

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""The palette of Okabe and Ito: colour-blind readers can distinguish it; the faintest is last."""

# Each tuple has an entry for each colour, so that a print in grey distinguishes the same lines.
MARKERS = ("o", "s", "^", "D", "v", "X", "P", "*")
LINE_STYLES = (
    "-",
    "--",
    "-.",
    ":",
    (0, (5, 1)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (1, 1)),
    (0, (8, 2)),
)
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "oo", "++")

GREY = "#767676"
"""The colour of marks for orientation: zero lines, remarks."""

_STYLE: "dict[RcKeyType, Any]" = {
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # this font is part of Matplotlib
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "hatch.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E0E0E0",
    "grid.linewidth": 0.5,
    "image.interpolation": "nearest",
    "pdf.fonttype": 42,  # embed fonts: the text can be searched, and journals require it
}


@dataclass(frozen=True)
class Drawing:
    """A figure and, in `data`, the numbers that it shows; `name` is the name of its files."""

    name: str
    title: str
    caption: str
    figure: Figure
    data: pd.DataFrame


@contextmanager
def in_style() -> Iterator[None]:
    """Draw in the style of the reports.

    with in_style():
        figure = Figure(figsize=(FULL_WIDTH_IN, 3))
    """
    with mpl.rc_context():
        mpl.rcdefaults()  # ignore the user's matplotlibrc
        mpl.rcParams.update(_STYLE)
        yield


def write_drawing(drawing: Drawing, folder: Path) -> dict[str, Path]:
    """Write a drawing as vector PDF and as PNG, and its numbers as CSV.

    Returns:
        The three files by "pdf", "png" and "csv"; equal drawings give equal bytes.
    """
    contents = {
        "pdf": _render(drawing, "pdf", {"Title": drawing.title, "CreationDate": None}),
        "png": to_png(drawing),
        "csv": _without_formulas(drawing.data).to_csv(index=False, lineterminator="\n").encode(),
    }
    paths = {suffix: folder / f"{drawing.name}.{suffix}" for suffix in contents}
    for suffix, content in contents.items():
        write_atomically(paths[suffix], content)
    return paths


def to_png(drawing: Drawing) -> bytes:
    """Write a drawing as PNG; equal drawings give equal bytes."""
    return _render(drawing, "png", {"Title": drawing.title})


def _without_formulas(data: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name, kind in data.dtypes.items() if not is_numeric_dtype(kind)]
    return data.assign(**{str(name): data[name].map(csv_cell) for name in texts})


def _render(drawing: Drawing, suffix: str, metadata: dict[str, str | None]) -> bytes:
    file = BytesIO()
    with in_style():
        drawing.figure.savefig(file, format=suffix, dpi=PNG_DPI, metadata=metadata)
    return file.getvalue()
