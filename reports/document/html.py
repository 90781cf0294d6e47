"""The report as one HTML file that loads no other files: it contains style and figures.

Figures are PNG data. Inline SVG would stay sharp at any size, but Matplotlib writes a path for
every letter and point, which is megabytes for embeddings, and ids that collide between figures.
200 dots per inch are enough for screens, and the vector PDF is beside the report.
"""

from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup
from PIL import Image

from reports.document import words
from reports.document.content import Chapter, Picture, Report
from reports.document.trial_line import HEADERS
from reports.figures.style import PNG_DPI
from reports.forms import html as table_form
from reports.forms import verdicts as verdicts_form
from reports.forms.verdict_words import TONES, show_evidence, summarise
from reports.tables.table import Table

SCALE = 130 / PNG_DPI
"""The size of a figure's pixel in CSS pixels: figures appear a little larger than in print."""

if TYPE_CHECKING:
    from jinja2 import Environment


def to_html(report: Report) -> str:
    """Write the report; equal records give equal text."""
    template = _environment().get_template("report.html.j2")
    return template.render(report=report, table_style=table_form.STYLE, headers=HEADERS)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # it takes a while to load

    environment = Environment(
        loader=PackageLoader("reports.document", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {"words": words, "summarise": summarise, "tones": TONES}
    environment.filters |= {
        "table": _table,
        "verdicts": _verdicts,
        "data_uri": _data_uri,
        "width": _width,
        "evidence": show_evidence,
    }
    return environment


def _table(table: Table) -> Markup:
    return Markup(table_form.to_html(table))


def _verdicts(chapter: Chapter) -> Markup:
    return Markup(verdicts_form.to_html(chapter.judged))


def _data_uri(picture: Picture) -> str:
    return f"data:image/png;base64,{b64encode(picture.files['png'].read_bytes()).decode()}"


def _width(picture: Picture) -> int:
    with Image.open(picture.files["png"]) as image:
        return round(image.width * SCALE)
