"""The files of a search: the result, tables, figures, and the study that tests its winner."""

from pathlib import Path

from reports.forms.latex_text import escape
from reports.ledger.files import write_atomically
from reports.ledger.search_result import SearchResult, write_result
from reports.search.row import winner_row, winner_study
from reports.search.table import repeats_to_csv, to_csv, to_latex

ROW_FILE, STUDY_FILE = "tuned_row.py", "tuned_study.py"


def write_search(
    result: SearchResult, folder: Path, rival: SearchResult | None = None
) -> dict[str, Path]:
    """Write all files of a search, and its comparison with a rival; equal results: equal bytes.

    Returns:
        The files by name. Figures and the winner's study exist only if a candidate is finished.
    """
    from reports.figures.style import Drawing, write_drawing
    from reports.search.curves import draw_comparison
    from reports.search.figures import draw_search

    drawings: list[Drawing] = draw_search(result)
    compared = None if rival is None else draw_comparison(result, rival)
    if compared is not None:
        drawings.append(compared)
    contents = {
        "candidates.csv": to_csv(result),
        "repeats.csv": repeats_to_csv(result),
        "best.tex": to_latex(result),
        "figures.tex": "".join(_float(drawing.name, drawing.caption) for drawing in drawings),
        ROW_FILE: winner_row(result),
        STUDY_FILE: winner_study(result),
    }
    paths = {name: folder / name for name, content in contents.items() if content}
    for name, path in paths.items():
        write_atomically(path, contents[name].encode())
    result_file = write_result(result, folder)
    paths = {result_file.name: result_file, **paths}
    for drawing in drawings:
        paths |= {path.name: path for path in write_drawing(drawing, folder).values()}
    return paths


def _float(name: str, caption: str) -> str:
    lines = (
        r"\begin{figure}[!htbp]\centering",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\includegraphics{{{name}.pdf}}}}",
        rf"\caption{{{escape(caption)}}}",
        r"\end{figure}",
    )
    return "\n".join(lines) + "\n"
