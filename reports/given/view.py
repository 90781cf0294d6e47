"""What the terminal shows of results: the table, then verdicts or differences."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from reports.forms.terminal import TableView
from reports.forms.verdicts_terminal import VerdictsView
from reports.given.assess import Assessment
from reports.tables.blocks import DISTINCT, MISSING, DifferenceBlock, Unit, block_title
from reports.tables.differences import LEVEL, Difference


def assessment_view(assessment: Assessment) -> RenderableType:
    """Show the scores with all notes, then the verdicts; without claims the differences."""
    parts: list[RenderableType] = [TableView(assessment.tables[0])]
    if assessment.judged:
        parts += [Text(), VerdictsView(assessment.judged)]
    else:
        parts += _differences(assessment)
    return Group(*parts)


def _differences(assessment: Assessment) -> Iterator[RenderableType]:
    """Show the differences to the baseline row, one column of the table after another."""
    is_marked = False
    for block in assessment.tables[-1].blocks:
        if not isinstance(block, DifferenceBlock):
            continue
        has_averages = any(column.emotion is None for column in block.columns)
        for place, column in enumerate(block.columns):
            if has_averages and column.emotion:
                continue
            corpus = f" on {block_title(block)}" if len(assessment.outcomes) > 1 else ""
            yield Text(f"\n{column.title}{corpus}, minus '{assessment.baseline}', 95 % interval:")
            grid = Grid(box=None, padding=(0, 2, 0, 0), show_header=False)
            for row, cells in zip(assessment.study.rows, block.cells, strict=True):
                if (one := cells[place]) is not None:
                    is_marked = is_marked or bool(one.distinct)
                    grid.add_row(f"  {row.name}", *_describe(one, block.unit.of(column.metric)))
            yield grid
    if is_marked:
        yield Text(
            f"\n{DISTINCT}: told from 0 by a paired t-test (two-sided {LEVEL}, Holm-corrected "
            "within the column).",
            style="dim",
        )


def _describe(difference: Difference, unit: Unit) -> tuple[str, str, str]:
    """Write a difference, its interval and its n."""
    if difference.mean is None:
        return MISSING, "", "no seed in common"
    mark = f" {DISTINCT}" if difference.distinct else ""
    interval = ""
    if difference.interval is not None:
        low, high = map(unit.show_signed, difference.interval)
        interval = f"{low} to {high}"
    return unit.show_signed(difference.mean) + mark, interval, f"n = {difference.num_values}"
