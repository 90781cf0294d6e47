"""The contact sheet of a prepared corpus: it shows utterances as they are stored."""

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from corpora.recipes.pictures import Recipe
from corpora.source.utterance import Modality
from corpora.store.manifest import Manifest
from reports.corpus.contact_picture import RANGE_DB, about, draw_sheet, draw_utterances
from reports.corpus.contact_samples import Sample, pick_samples
from reports.ledger.files import write_atomically

NAME = "contact_sheet"
JPEG_QUALITY = 88
"""Of the page's pictures: a tenth of the bytes of a PNG, and small letters can still be read."""

LEGEND: Mapping[Modality, str] = {
    "vision": "Faces in time order, the candidates of a window side by side; in red: none was "
    "found there.",
    "audio": f"Sound: black is the quietest, at most {RANGE_DB:.0f} dB below the loudest; after "
    "the dashed line comes padding.",
}
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; color: #1c2430; background: #eef1f4;
  max-width: 1400px; margin: 0 auto; padding: 24px; }}
h1 {{ font-size: 22px; margin: 0; overflow-wrap: anywhere; }}
.quiet {{ color: #6b7684; font-size: 13px; }}
section {{ background: white; border-radius: 8px; margin: 16px 0; padding: 14px 24px 6px; }}
h2 {{ font-size: 16px; margin: 0; overflow-wrap: anywhere; }}
h2 span {{ color: white; background: #2f5d9b; border-radius: 4px; font-size: 12px;
  margin-left: 6px; padding: 2px 7px; }}
h2 .none {{ background: #6b7684; }}
h2 .lacks {{ background: #d1242f; }}
p {{ margin: 4px 0 8px; overflow-wrap: anywhere; }}
img {{ display: block; margin: 0 -24px; width: calc(100% + 48px); }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="quiet">{legend}</p>
{utterances}
</body>
</html>
"""
UTTERANCE = """<section>
<h2>{id}{labels}</h2>
<p class="quiet">{about}</p>
<p dir="auto">{text}</p>
<img alt="faces and sound of {id}" src="data:image/jpeg;base64,{picture}">
</section>"""


def write_contact_sheet(
    manifest: Manifest, recipe: Recipe, folder: Path, num_samples: int
) -> tuple[Path, Path]:
    """Write `contact_sheet.html`, which loads no files, and `contact_sheet.png`; each time equal.

    Args:
        manifest: The manifest of the corpus.
        recipe: The recipe that it was prepared by.
        folder: The folder of its files, and of the contact sheet.
        num_samples: The number of utterances on the sheet.
    """
    samples = pick_samples(manifest, recipe, folder, num_samples)
    title = (
        f"{manifest.name}, recipe {recipe.name}: {len(samples)} of "
        f"{sum(split.num_utterances for split in manifest.splits.values())} utterances"
    )
    legend = " ".join(said for held, said in LEGEND.items() if held not in manifest.without)
    page, picture = folder / f"{NAME}.html", folder / f"{NAME}.png"
    drawn = draw_utterances(samples, recipe)
    write_atomically(page, to_html(samples, drawn, title, legend).encode())
    sheet = draw_sheet(samples, drawn, title, legend)
    write_atomically(picture, _encoded(sheet, "PNG", compress_level=1))
    return page, picture


def to_html(
    samples: Sequence[Sample], drawn: Sequence[Image.Image], title: str, legend: str
) -> str:
    """Write a page of utterances that includes their pictures."""
    utterances = "\n".join(
        UTTERANCE.format(
            id=escape(sample.row.id),
            labels=_labels(sample),
            about=escape(about(sample)),
            text=escape(sample.row.text),
            picture=b64encode(_encoded(picture, "JPEG", quality=JPEG_QUALITY)).decode(),
        )
        for sample, picture in zip(samples, drawn, strict=True)
    )
    return PAGE.format(title=escape(title), legend=escape(legend), utterances=utterances)


def _encoded(picture: Image.Image, form: str, **settings: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **settings)
    return buffer.getvalue()


def _labels(sample: Sample) -> str:
    emotions = [f"<span>{escape(emotion)}</span>" for emotion in sample.emotions]
    none = '<span class="none">no emotion</span>'
    lacks = [f'<span class="lacks">{escape(word)}</span>' for word in sample.lacks]
    return "".join((*(emotions or [none]), *lacks))
