"""Draw the end of a run: `python -m tests.browser.run_end STUDY STORAGE PICTURE`, after its sweep.

It prints the end of the study's sweep once more, at 80 columns, into a browser.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from selenium.webdriver.common.by import By

from corpora.source.names import SYNTHETIC
from orchestrator.sweep.studies import write_study
from orchestrator.terminal import CleanConsole
from reports.ledger.ledger import Ledger
from reports.ledger.planned import read_planned
from reports.scores.trials import TrialScores
from tests.browser.compare_view import browser

WIDTH = 80
PAGE = """<!doctype html><meta charset="utf-8">
<body style="margin: 0"><pre style="width: max-content; margin: 0; padding: 16px; font: 15px/1.25
"DejaVu Sans Mono", monospace; color: {foreground}; background: {background}">{code}</pre>"""


def main(study: str, storage: Path, picture: Path) -> None:
    """Show what a terminal shows when a sweep on the synthetic corpus ends."""
    ledger = Ledger(storage)
    (planned,) = (
        one
        for one in read_planned(ledger)
        if (one.study.name, one.corpus, one.scale) == (study, SYNTHETIC, "tiny")
    )
    console = CleanConsole(width=WIDTH, record=True, file=io.StringIO(), highlight=False)
    console.print(f"$ mmer-sweep {study}\n...\n")
    write_study(planned, TrialScores(ledger), storage, console)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        page_file = folder / "end.html"
        page_file.write_text(console.export_html(code_format=PAGE, inline_styles=True), "utf-8")
        with browser(folder / "profile") as page:
            page.get(page_file.as_uri())
            page.find_element(By.TAG_NAME, "pre").screenshot(str(folder / "end.png"))
        Image.open(folder / "end.png").quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).absolute(), Path(sys.argv[3]))
