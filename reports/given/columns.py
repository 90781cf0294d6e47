"""Which columns of a file hold what: named by the user, or evident from their names.

Three forms are read. In the long form a line is one score, with columns `metric` and `value`. In
the wide form a line is one run, with a column for each metric; exports of MLflow (`params.X`,
`metrics.Y`, `tags.Z`) and of W&B (`Name`, `State`, then config and summary) are wide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corpora.errors import did_you_mean
from reports.given.errors import GivenError
from reports.given.grid import Grid
from reports.given.metrics import MLFLOW, identify, is_known

ROWS = ("row", "model", "method", "system", "variant")
SEEDS = ("seed", "random_seed", "random_state")
CORPORA, FOLDS, EMOTIONS = ("corpus", "dataset"), ("fold",), ("emotion",)
METRIC, VALUE = "metric", "value"
PREFIXES = ("", "params.", "config.", "tags.")
"""What MLflow and others write before the names of settings."""

STATES, FINISHED = ("status", "state"), "finished"
"""Where MLflow and W&B say whether a run has ended well, and how."""

MOST_NAMED = 12


@dataclass(frozen=True)
class ColumnNames:
    """The names of columns that a user gave; None or nothing where they shall be found."""

    row: str | None = None
    seed: str | None = None
    corpus: str | None = None
    fold: str | None = None
    emotion: str | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The places of columns in a file.

    `metrics` holds the place of the values of each metric in the wide form. In the long form it is
    empty, `metric` and `value` are places, and `wanted` names the metrics to read, by default all.
    `left_out` names columns that may be metrics and are not read.
    """

    row: int
    seed: int
    corpus: int | None
    fold: int | None
    emotion: int | None
    state: int | None
    metrics: tuple[tuple[str, int], ...] = ()
    metric: int | None = None
    value: int | None = None
    wanted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def choose_columns(grid: Grid, names: ColumnNames) -> Columns:
    """Find the columns of a file.

    Raises:
        GivenError: If a named column is not there, or if nothing says what is a row, a seed or a
            metric.
    """
    row = _need(grid, "row", names.row, ROWS)
    seed = _need(grid, "seed", names.seed, SEEDS)
    corpus, fold, emotion = (
        _find(grid, option, name, usual)
        for option, name, usual in (
            ("corpus", names.corpus, CORPORA),
            ("fold", names.fold, FOLDS),
            ("emotion", names.emotion, EMOTIONS),
        )
    )
    metric, value = grid.find(METRIC), grid.find(VALUE)
    state = next((place for one in STATES if (place := grid.find(one)) is not None), None)
    used = {row, seed, corpus, fold, emotion, state}
    if metric is not None and value is not None:
        return Columns(
            *(row, seed, corpus, fold, emotion, None),
            metric=metric,
            value=value,
            wanted=names.metrics,
        )
    if names.metrics:
        metrics = tuple(dict.fromkeys(_find_metric(grid, name) for name in names.metrics))
        _refuse_equal(grid, metrics)
        return Columns(row, seed, corpus, fold, emotion, state, metrics)
    metrics, left_out = _guess_metrics(grid, used)
    _refuse_equal(grid, metrics)
    return Columns(row, seed, corpus, fold, emotion, state, metrics, left_out=left_out)


def _need(grid: Grid, what: str, given: str | None, usual: Sequence[str]) -> int:
    place = _find(grid, what, given, usual)
    if place is None:
        raise GivenError(
            f"{grid.path}: line 1: no column is evidently the {what}; name it with "
            f"--{what}-column; {_choices(grid.names)}"
        )
    return place


def _find(grid: Grid, what: str, given: str | None, usual: Iterable[str]) -> int | None:
    """Find a column by the name given, or by usual names."""
    if given is not None:
        known = (grid.find(prefix + given) for prefix in PREFIXES)
        found = next((place for place in known if place is not None), None)
        return _named(grid, given, f"--{what}-column") if found is None else found
    known = (grid.find(prefix + name) for name in usual for prefix in PREFIXES)
    return next((place for place in known if place is not None), None)


def _named(grid: Grid, name: str, option: str) -> int:
    place = grid.find(name)
    if place is None:
        raise GivenError(
            f"{grid.path}: line 1: no column '{name}' for {option}; "
            f"{did_you_mean(name, grid.names)}{_choices(grid.names)}"
        )
    return place


def _find_metric(grid: Grid, name: str) -> tuple[str, int]:
    place = grid.find(MLFLOW + name)
    place = _named(grid, name, "--metric") if place is None else place
    return grid.names[place].removeprefix(MLFLOW), place


def _guess_metrics(
    grid: Grid, used: set[int | None]
) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """Take the columns that have the names of metrics; of test scores alone, if there are any."""
    free = [(name, place) for place, name in enumerate(grid.names) if place not in used]
    of_mlflow = [(name, place) for name, place in free if name.startswith(MLFLOW)]
    numeric = [(name, place) for name, place in of_mlflow or free if _is_numeric(grid, place)]
    known = [(name.removeprefix(MLFLOW), place) for name, place in numeric if is_known(name)]
    tested = [(name, place) for name, place in known if "test" in name.casefold()]
    chosen = tested or known
    if not chosen:
        raise GivenError(
            f"{grid.path}: line 1: no column has the name of a known metric; name one with "
            f"--metric; {_choices([name for name, _ in numeric or free])}"
        )
    places = {place for _, place in chosen}
    return tuple(chosen), tuple(name for name, place in numeric if place not in places)


def _refuse_equal(grid: Grid, metrics: Sequence[tuple[str, int]]) -> None:
    """Refuse columns of metrics whose names are one identifier, such as `test/f1` and `test_f1`."""
    first: dict[str, str] = {}
    for name, _ in metrics:
        before = first.setdefault(identify(name), name)
        if before != name:
            raise GivenError(
                f"{grid.path}: line 1: the columns '{before}' and '{name}' are one metric; rename "
                "one, or choose with --metric"
            )


def _is_numeric(grid: Grid, place: int) -> bool:
    """Whether the first cell of a column that is not empty is a number."""
    cells = (line.cells[place] for line in grid.lines)
    first = next((cell for cell in cells if cell), "")
    try:
        float(first)
    except ValueError:
        return False
    return True


def _choices(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    told = f"{', '.join(names[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"
    return f"the columns are {told}"
