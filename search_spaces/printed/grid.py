"""A printed table as a grid of texts, from CSV or from a LaTeX tabular."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from search_spaces.errors import PublishedError

ENVIRONMENT = re.compile(
    r"\\begin\{(tabular[*xy]?|longtable|tabulary)\}(.*?)\\end\{\1\}", re.DOTALL
)
HAVE_A_WIDTH = ("tabular*", "tabularx", "tabulary")
COMMENT = re.compile(r"(?<!\\)%.*")
RULE = re.compile(
    r"\\(?:toprule|midrule|bottomrule|hline|addlinespace|endhead|endfirsthead|endfoot|endlastfoot)\b"
    r"(?:\[[^]]*\])?|\\(?:cmidrule|cline)(?:\([lr]*\))?(?:\[[^]]*\])?\{[^}]*\}"
)
HEADER_ENDS = re.compile(r"\\(?:midrule|hline|endhead)\b")
BOLD = re.compile(r"\\(?:textbf|mathbf|boldmath|bm|bfseries|bf)\b")
KEEPS_ITS_TEXT = re.compile(r"\\[A-Za-z]+\*?(?:\[[^]]*\])?")
"""A command whose arguments are text: the command goes, its arguments stay."""

SYMBOLS = {
    r"\pm": "±",
    r"\downarrow": "\N{DOWNWARDS ARROW}",
    r"\uparrow": "\N{UPWARDS ARROW}",
    "~": " ",
    r"\%": "%",
    r"\&": "&",
    r"\_": "_",
    r"\#": "#",
    "$": "",
}
SPACING = re.compile(r"^\s*\*?\s*\[[^]]*\]")
"""What may follow the end of a line, a space before the next one."""
SPAN = re.compile(r"\\multi(column|row)\*?")
NUM_COLUMNS = re.compile(r"[0-9]{1,3}")
MAX_SPANS = 2
"""A cell may span columns and, within that, rows."""


class Cell(NamedTuple):
    """The text of a cell, and whether it is bold."""

    text: str
    is_bold: bool = False


class Grid(NamedTuple):
    """The lines above the numbers, and those with them; all have the same number of cells."""

    header: tuple[tuple[Cell, ...], ...]
    body: tuple[tuple[Cell, ...], ...]


def read_grid(path: Path) -> Grid:
    """Read the first table of a CSV or LaTeX file.

    Raises:
        PublishedError: If the file cannot be read, is of another kind or has no table.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PublishedError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PublishedError(f"{path}: is not UTF-8; save it as UTF-8") from error
    match path.suffix.lower():
        case ".csv":
            header, body = _read_csv(text, path)
        case ".tex":
            header, body = _read_latex(text, path)
        case suffix:
            raise PublishedError(f"{path}: '{suffix}' is no table; give a .csv or a .tex file")
    if not header or not body:
        raise PublishedError(f"{path}: the table needs a line of headers and a line of numbers")
    return _even(header, body)


def _read_csv(text: str, path: Path) -> tuple[list[list[Cell]], list[list[Cell]]]:
    first, _, _ = text.partition("\n")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    try:
        lines = [list(map(_plain, line)) for line in reader]
    except csv.Error as error:
        raise PublishedError(f"{path}: line {reader.line_num}: is no CSV: {error}") from error
    lines = [line for line in lines if any(cell.text for cell in line)]
    return lines[:1], lines[1:]


def _plain(text: str) -> Cell:
    """Read a cell of a CSV; stars round it, as in Markdown, make it bold."""
    inner = text.strip().removeprefix("**").removesuffix("**")
    return Cell(inner.strip(), inner != text.strip())


def _read_latex(text: str, path: Path) -> tuple[list[list[Cell]], list[list[Cell]]]:
    found = ENVIRONMENT.search(COMMENT.sub("", text))
    if found is None:
        raise PublishedError(f"{path}: has no tabular")
    content = _without_format(found[2], num_arguments=1 + (found[1] in HAVE_A_WIDTH))
    lines: list[list[Cell]] = []
    header = 0
    for source in _split(content, r"\\"):
        if lines and not header and HEADER_ENDS.search(source):
            header = len(lines)
        line = RULE.sub("", SPACING.sub("", source))
        cells = [cell for part in _split(line, "&") for cell in _expand(part)]
        if any(cell.text for cell in cells):
            lines.append(cells)
    header = header or 1
    return lines[:header], _filled(lines[header:])


def _without_format(content: str, *, num_arguments: int) -> str:
    """Remove the arguments of the environment: its width and its columns."""
    content = re.sub(r"^\s*\[[^]]*\]", "", content)
    for _ in range(num_arguments):
        _, content = _argument(content)
    return content


def _argument(text: str) -> tuple[str, str]:
    """Split off the first argument in braces; without one, an empty text."""
    text = text.lstrip()
    if not text.startswith("{"):
        return "", text
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return text[1:place], text[place + 1 :]
    return text[1:], ""


def _split(text: str, separator: str) -> Iterator[str]:
    """Split at separators outside of braces; one after a backslash separates nothing."""
    depth, start, place = 0, 0, 0
    while place < len(text):
        if depth == 0 and text.startswith(separator, place):
            yield text[start:place]
            place = start = place + len(separator)
        elif text[place] == "\\":
            place += 2
        else:
            depth += (text[place] == "{") - (text[place] == "}")
            place += 1
    yield text[start:]


def _expand(source: str) -> list[Cell]:
    """Read one cell; one that spans several columns stands in each of them."""
    times = 1
    for _ in range(MAX_SPANS):
        found = SPAN.match(source.strip())
        if found is None:
            break
        number, rest = _argument(source.strip()[found.end() :])
        if found[1] == "row":
            rest = re.sub(r"^\s*\[[^]]*\]", "", rest)
        elif NUM_COLUMNS.fullmatch(number.strip()):
            times = int(number)
        is_in_braces = rest.lstrip().startswith("{")
        _, rest = _argument(rest) if is_in_braces else ("", rest.lstrip().lstrip("*"))
        source, _ = _argument(rest)
    return [_read_cell(source)] * times


def _read_cell(source: str) -> Cell:
    text = source
    for symbol, instead in SYMBOLS.items():
        text = text.replace(symbol, instead)
    text = re.sub(r"\\(?:cite[a-z]*|footnote|label|ref|tnote)\*?(?:\[[^]]*\])*\{[^}]*\}", "", text)
    text = KEEPS_ITS_TEXT.sub("", text).replace("{", "").replace("}", "")
    return Cell(" ".join(text.split()), BOLD.search(source) is not None)


def _filled(lines: Sequence[list[Cell]]) -> list[list[Cell]]:
    """Give a line without a name, below one that spans several lines, the name above it."""
    filled, above = [], Cell("")
    for line in lines:
        above = line[0] if line[0].text else above
        filled.append([above, *line[1:]])
    return filled


def _even(header: Sequence[Sequence[Cell]], body: Sequence[Sequence[Cell]]) -> Grid:
    """Fill short lines with empty cells."""
    columns = zip_longest(*header, *body, fillvalue=Cell(""))
    lines = tuple(zip(*columns, strict=True))
    return Grid(lines[: len(header)], lines[len(header) :])
