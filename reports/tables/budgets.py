"""What a table says of rows whose settings were chosen by searches of different length."""

from collections.abc import Iterable

from reports.tables.note import Note
from search_spaces.study import Row, Study

BUDGET_NOTE = (
    "Rows were tuned with different budgets. A longer search alone gives a higher score, so a part "
    "of a gap between such rows may be the gain of searching."
)
BRIEF_BUDGET_NOTE = "rows were tuned with different budgets"


def tell_budget(row: Row, study: Study) -> Iterable[str]:
    """Say among how many candidates a row's settings were chosen, if rows differ in that."""
    if row.tuned_over and _differ(study):
        yield f"the settings were chosen among {row.tuned_over} candidates of a search"


def warn_of_budgets(study: Study) -> Iterable[Note]:
    """Say what gaps between rows of different budgets are worth, if there are any."""
    if _differ(study):
        yield Note(BUDGET_NOTE, BRIEF_BUDGET_NOTE)


def _differ(study: Study) -> bool:
    return len({row.tuned_over for row in study.rows}) > 1
