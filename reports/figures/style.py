"""How every figure looks, and how one is written: the same bytes for the same drawing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from reports.ledger.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

FULL_WIDTH_IN, COLUMN_WIDTH_IN = 7.0, 3.4
"""The width of a page's text, and of one of its two columns."""

PNG_DPI = 200

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""Okabe and Ito's palette, told apart by the colour-blind; the faintest on white comes last."""

# Each is as long as COLOURS and goes with it place by place, so that grey print tells as much.
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
"""Of what is there for orientation alone: zero lines, remarks."""

_STYLE: "dict[RcKeyType, Any]" = {
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # the one that is part of Matplotlib
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
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
    "pdf.fonttype": 42,  # letters stay letters: they can be searched, and journals ask for it
}


@dataclass(frozen=True)
class Drawing:
    """A figure and, in `data`, the numbers that it shows; `name` is that of its files."""

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
        mpl.rcdefaults()  # whatever the reader's matplotlibrc says
        mpl.rcParams.update(_STYLE)
        yield


def write_drawing(drawing: Drawing, folder: Path) -> dict[str, Path]:
    """Write a drawing as vector PDF, as PNG, and what it shows as CSV.

    Returns:
        The three files by "pdf", "png" and "csv"; their bytes are the same for equal drawings.
    """
    contents = {
        "pdf": _render(drawing, "pdf", {"Title": drawing.title, "CreationDate": None}),
        "png": _render(drawing, "png", {"Title": drawing.title}),
        "csv": drawing.data.to_csv(index=False, lineterminator="\n").encode(),
    }
    paths = {suffix: folder / f"{drawing.name}.{suffix}" for suffix in contents}
    for suffix, content in contents.items():
        write_atomically(paths[suffix], content)
    return paths


def _render(drawing: Drawing, suffix: str, metadata: dict[str, str | None]) -> bytes:
    file = BytesIO()
    with in_style():
        drawing.figure.savefig(file, format=suffix, dpi=PNG_DPI, metadata=metadata)
    return file.getvalue()
