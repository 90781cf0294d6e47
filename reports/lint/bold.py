"""Bold cells that are not the best of their column: the highest, or where so told the lowest."""

from collections import defaultdict

from reports.lint.finding import Check, Examined, Finding
from search_spaces.printed.numbers import PrintedScore, by_column, printed_scores
from search_spaces.printed.published import PublishedData


def check_bold(data: PublishedData) -> Examined:
    """Compare each row's bold cells with the best of their columns."""
    best_above: dict[str, list[tuple[PrintedScore, PrintedScore]]] = defaultdict(list)
    for column in by_column(printed_scores(data)):
        best = max(column, key=lambda score: score.gain)
        for score in column:
            if score.bold:
                best_above[score.row_reference].append((score, best))
    for row, pairs in best_above.items():
        wrong = [pair for pair in pairs if pair[0].gain < pair[1].gain]
        yield Finding(BOLD.name, row, _text(wrong)) if wrong else None


def _text(pairs: list[tuple[PrintedScore, PrintedScore]]) -> str:
    return "; ".join(
        f"{score.column}: {score.number.text} is bold, but {best.row.id} has {best.number.text}"
        for score, best in pairs
    )


BOLD = Check("bold", "bold cells below their column's maximum", "rows with bold cells", check_bold)
