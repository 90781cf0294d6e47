import hashlib
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from reports.figures.style import (
    COLOURS,
    COLUMN_WIDTH_IN,
    HATCHES,
    LINE_STYLES,
    MARKERS,
    PNG_DPI,
    Drawing,
    in_style,
    write_drawing,
)

DRAW_AND_HASH = """
import hashlib, sys
from pathlib import Path
from tests.reports.figures.test_style import draw
from reports.figures.style import write_drawing
for path in write_drawing(draw(), Path(sys.argv[1])).values():
    print(hashlib.sha256(path.read_bytes()).hexdigest())
"""


def draw() -> Drawing:
    data = pd.DataFrame({"row": ["2-2-2-2", "4-4-4-4"], "f1": [0.1 + 0.2, 1 / 3]})
    with in_style():
        figure = Figure(figsize=(COLUMN_WIDTH_IN, 2))
        axes = figure.subplots()
        for place, (row, f1) in enumerate(zip(data["row"], data["f1"], strict=True)):
            axes.bar(row, f1, color=COLOURS[place], hatch=HATCHES[place], label=row)
        axes.plot([0, 1], [0.2, 0.3], marker=MARKERS[0], linestyle=LINE_STYLES[1])
        axes.legend(loc="lower left")
    return Drawing(name="depths", title="Depths", caption="", figure=figure, data=data)


def test_drawing_is_written_as_vector_picture_and_data(tmp_path: Path) -> None:
    paths = write_drawing(draw(), tmp_path)
    assert {suffix: path.name for suffix, path in paths.items()} == {
        "pdf": "depths.pdf",
        "png": "depths.png",
        "csv": "depths.csv",
    }
    assert sorted(tmp_path.iterdir()) == sorted(paths.values())
    pdf = paths["pdf"].read_bytes()
    assert b"/CIDFontType2" in pdf, "letters are TrueType"
    assert b"/Subtype /Image" not in pdf, "nothing is pixels"
    with Image.open(paths["png"]) as picture:
        assert picture.size == (round(COLUMN_WIDTH_IN * PNG_DPI), 2 * PNG_DPI)
    assert paths["csv"].read_text() == (
        "row,f1\n2-2-2-2,0.30000000000000004\n4-4-4-4,0.3333333333333333\n"
    )


def test_equal_drawings_are_equal_bytes_in_another_process(tmp_path: Path) -> None:
    here = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in write_drawing(draw(), tmp_path / "here").values()
    ]
    command = [sys.executable, "-c", DRAW_AND_HASH, str(tmp_path / "there")]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "86400"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == here


def test_style_ends_with_its_context_and_ignores_the_readers_own() -> None:
    with mpl.rc_context({"font.size": 31, "axes.grid": True}):
        with in_style():
            assert mpl.rcParams["font.size"] == 8
            assert not mpl.rcParams["axes.grid"]
        assert mpl.rcParams["font.size"] == 31


@pytest.mark.parametrize("looks", [MARKERS, LINE_STYLES, HATCHES])
def test_what_differs_in_colour_differs_in_grey(looks: tuple[object, ...]) -> None:
    assert len(set(looks)) == len(looks) == len(set(COLOURS))
