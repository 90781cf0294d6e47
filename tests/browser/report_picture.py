"""Draw a report's first page: `python -m tests.browser.report_picture STORAGE docs/report.png`.

`mmer-sweep report` writes the page before.
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser.compare_view import browser

WIDTH_PX, HEIGHT_PX = 975, 1170
HIDE_BARS = "document.documentElement.style.scrollbarWidth = 'none'"


def main(storage: Path, picture: Path) -> None:
    """Show the top of the report as a browser does."""
    size = {"width": WIDTH_PX, "height": HEIGHT_PX, "deviceScaleFactor": 1, "mobile": False}
    with tempfile.TemporaryDirectory() as scratch:
        shot = Path(scratch) / "report.png"
        with browser(Path(scratch) / "profile") as page:
            page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            page.get((storage / "report" / "report.html").absolute().as_uri())
            page.execute_script(HIDE_BARS)
            page.save_screenshot(str(shot))
        Image.open(shot).convert("RGB").quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
