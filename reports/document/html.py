"""The report as one HTML file that loads no other files: it contains style and figures.

Figures are PNG data. Inline SVG would stay sharp at any size, but Matplotlib writes a path for
every letter and point, which is megabytes for embeddings, and ids that collide between figures.
200 dots per inch are enough for screens, and the vector PDF is beside the report.

Without its script the page shows all there is, in the order of the report. Its policy lets a
browser run no other script, and load nothing.
"""

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup
from PIL import Image

from reports.document import words
from reports.document.content import Chapter, Picture, Report
from reports.document.details import describe_page, list_columns, list_corpora
from reports.document.trial_line import HEADERS
from reports.figures.style import PNG_DPI
from reports.forms import html as table_form
from reports.forms import verdicts as verdicts_form
from reports.forms.verdict_words import TONES, show_evidence, summarise
from reports.scores.names import corpus_title
from reports.tables.table import Table
from search_spaces.metrics.registry import find_metric

SCALE = 130 / PNG_DPI
"""The size of a figure's pixel in CSS pixels: figures appear a little larger than in print."""

TEMPLATES = "templates"
SCRIPT = files("reports.document").joinpath(TEMPLATES, "report.js").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    f"script-src 'sha256-{b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)

if TYPE_CHECKING:
    from jinja2 import Environment


def to_html(report: Report) -> str:
    """Write the report; equal records give equal text."""
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        table_style=table_form.STYLE,
        headers=HEADERS,
        policy=POLICY,
        script=SCRIPT,
        columns=list_columns(report),
        data=describe_page(report),
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # it takes a while to load

    environment = Environment(
        loader=PackageLoader("reports.document", TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {
        "words": words,
        "summarise": summarise,
        "tones": TONES,
        "corpora_of": list_corpora,
        "corpus_title": corpus_title,
        "find_metric": find_metric,
    }
    environment.filters |= {
        "table": _table,
        "verdicts": _verdicts,
        "data_uri": _data_uri,
        "width": _width,
        "evidence": show_evidence,
    }
    return environment


def _table(table: Table) -> Markup:
    origins = dict.fromkeys(block.origin for block in table.blocks)
    return Markup(table_form.to_html(table, f"{table.title}: {', '.join(origins)}"))


def _verdicts(chapter: Chapter) -> Markup:
    return Markup(verdicts_form.to_html(chapter.judged, f"Verdicts: {chapter.study.title}"))


def _data_uri(picture: Picture) -> str:
    return f"data:image/png;base64,{b64encode(picture.files['png'].read_bytes()).decode()}"


def _width(picture: Picture) -> int:
    with Image.open(picture.files["png"]) as image:
        return round(image.width * SCALE)
