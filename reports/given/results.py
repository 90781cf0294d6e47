"""The scores of a file: read line by line, checked, and brought to one unit."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from corpora.errors import did_you_mean
from reports.given.columns import FINISHED, Columns
from reports.given.errors import GivenError, refuse
from reports.given.grid import Grid, Line
from reports.given.metrics import (
    Direction,
    GivenMetric,
    Scaling,
    find_direction,
    identify,
    is_plain,
)
from reports.given.units import find_scaling
from search_spaces.metrics.registry import BUILT_IN

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
SEED = re.compile(r"(\d+)(\.0+)?", re.ASCII)
MISSING = ("", "nan", "na", "n/a", "none", "null", "-")
INFINITE = ("inf", "infinity")
AVERAGES = ("", "avg", "average", "mean", "all")
"""What stands in the column `emotion` for the average over them."""

MOST_ROWS = 100
"""More rows are no table: the column of the rows is probably another one."""


class Place(NamedTuple):
    """What a score is about; the emotion is None for their average."""

    corpus: str
    row: str
    metric: str
    emotion: str | None


class GivenScore(NamedTuple):
    """One score and its line; the value is None if the file has none there."""

    seed: int
    fold: str
    value: float | None
    line: int


@dataclass(frozen=True)
class Declared:
    """What a user says of metrics: directions and units by identifier, and the unit of the file."""

    directions: Mapping[str, Direction] = field(default_factory=dict)
    scaling: Scaling | None = None
    scalings: Mapping[str, Scaling] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All metrics that something is said of."""
        return sorted({*self.directions, *self.scalings})


@dataclass(frozen=True)
class Results:
    """All scores of a file, as fractions; those of metrics that are no shares are as written.

    `notes` say what was guessed or left out. `names_corpora` says whether the lines name their
    corpus; without that, it has the name of the file.
    """

    path: Path
    metrics: tuple[GivenMetric, ...]
    scores: Mapping[Place, tuple[GivenScore, ...]]
    notes: tuple[str, ...]
    names_corpora: bool = False

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows in the order of the file."""
        return tuple(dict.fromkeys(place.row for place in self.scores))

    def on(self, corpus: str) -> "Results":
        """Name the only corpus."""
        scores = {place._replace(corpus=corpus): of_one for place, of_one in self.scores.items()}
        return replace(self, scores=scores, names_corpora=True)

    @property
    def corpora(self) -> tuple[str, ...]:
        """The corpora in the order of the file."""
        return tuple(dict.fromkeys(place.corpus for place in self.scores))

    def find_row(self, name: str) -> str:
        """Find a row by its name.

        Raises:
            GivenError: If there is none of that name.
        """
        if name not in self.rows:
            raise GivenError(f"no row '{name}' in {self.path}; {choose(name, self.rows)}")
        return name

    def find_metric(self, name: str) -> GivenMetric:
        """Find a metric by its name, as it is written or as an identifier.

        Raises:
            GivenError: If there is none of that name.
        """
        found = next((one for one in self.metrics if one.name == identify(name)), None)
        if found is None:
            headers = [one.header for one in self.metrics]
            raise GivenError(f"no metric '{name}' in {self.path}; {choose(name, headers)}")
        return found


def choose(name: str, choices: Sequence[str]) -> str:
    """Write the end of an error about a name that is not there."""
    return f"{did_you_mean(name, choices)}choose from {', '.join(choices)}"


def collect_results(grid: Grid, columns: Columns, declared: Declared) -> Results:
    """Read the scores of a file.

    Raises:
        GivenError: If a line has no row, a seed that is no whole number or a value that is no
            finite number; if a row has a seed twice; if nothing says which way a metric is better,
            or in which unit it is.
    """
    reader = _Reader(grid, columns)
    scores = reader.read()
    refuse(grid.path, reader.faults)
    if not scores:
        raise GivenError(f"{grid.path}: no line holds a score{reader.why_none}")
    rows = {place.row for place in scores}
    if len(rows) > MOST_ROWS:
        raise GivenError(
            f"{grid.path}: the column '{grid.names[columns.row]}' names {len(rows)} rows, more "
            f"than {MOST_ROWS}; choose another one with --row-column"
        )
    refuse(grid.path, list(_find_twice(scores)))
    metrics, notes = _describe_metrics(grid.path, reader.headers, scores, declared)
    divisors = {metric.name: metric.divisor for metric in metrics}
    return Results(
        path=grid.path,
        metrics=metrics,
        scores={
            place: tuple(
                one if one.value is None else one._replace(value=one.value / divisors[place.metric])
                for one in of_place
            )
            for place, of_place in scores.items()
        },
        notes=(*notes, *reader.notes(scores)),
        names_corpora=columns.corpus is not None,
    )


class _Reader:
    """Reads the lines of a file; a fault in one does not hide those in others."""

    def __init__(self, grid: Grid, columns: Columns) -> None:
        self.grid, self.columns = grid, columns
        self.faults: list[str] = []
        self.headers: dict[str, str] = {}
        self.unfinished: list[Line] = []
        self._file = "".join(filter(str.isprintable, grid.path.name))
        self._wanted = {identify(name) for name in columns.wanted}

    def read(self) -> dict[Place, list[GivenScore]]:
        """Read all scores; collect the faults in `faults`."""
        scores: dict[Place, list[GivenScore]] = defaultdict(list)
        for line in self.grid.lines:
            if self._is_unfinished(line):
                self.unfinished.append(line)
                continue
            row, seed = self._read_row(line), self._read_seed(line)
            if row is None or seed is None:
                continue
            fold, corpus = (self._at(line, place) for place in self._fold_and_corpus)
            emotion: str | None = self._at(line, self.columns.emotion)
            emotion = None if str(emotion).casefold() in AVERAGES else emotion
            for header, place in self._values(line):
                name = self._name(header)
                value = self._read_value(line, header, line.cells[place])
                about = Place(corpus or self._file, row, name, emotion)
                scores[about].append(GivenScore(seed, fold, value, line.number))
        return dict(scores)

    @property
    def why_none(self) -> str:
        """Say why no score was read, if runs were left out."""
        if not self.unfinished:
            return f"; metrics asked for: {', '.join(self.columns.wanted)}" if self._wanted else ""
        return ": no run has finished"

    def notes(self, scores: Mapping[Place, Sequence[GivenScore]]) -> Iterator[str]:
        """Say what was left out."""
        if self.unfinished:
            lines = _list_lines(line.number for line in self.unfinished)
            yield f"Runs that did not finish are left out: {lines}."
        if missing := [one.line for s in scores.values() for one in s if one.value is None]:
            yield (
                f"{len(missing)} {'value is' if len(missing) == 1 else 'values are'} empty or NaN: "
                f"{_list_lines(missing)}. Such a seed counts as planned and has no score, so its "
                "row is not ranked."
            )
        if self.columns.left_out:
            yield (
                f"Not read as metrics: {', '.join(self.columns.left_out)}; name with --metric what "
                "shall be."
            )

    @property
    def _fold_and_corpus(self) -> tuple[int | None, int | None]:
        return self.columns.fold, self.columns.corpus

    def _is_unfinished(self, line: Line) -> bool:
        state = self._at(line, self.columns.state)
        return bool(state) and state.casefold() != FINISHED

    def _values(self, line: Line) -> Iterable[tuple[str, int]]:
        if self.columns.metric is None or self.columns.value is None:
            return self.columns.metrics
        header = line.cells[self.columns.metric]
        if not header:
            self.faults.append(f"line {line.number}: names no metric")
            return ()
        is_wanted = not self._wanted or identify(header) in self._wanted
        return ((header, self.columns.value),) if is_wanted else ()

    def _name(self, header: str) -> str:
        name = identify(header)
        self.headers.setdefault(name, header)
        return name

    def _read_row(self, line: Line) -> str | None:
        row = line.cells[self.columns.row]
        if not row:
            self.faults.append(
                f"line {line.number}: the column '{self.grid.names[self.columns.row]}' names no row"
            )
        return row or None

    def _read_seed(self, line: Line) -> int | None:
        text = line.cells[self.columns.seed]
        if (found := SEED.fullmatch(text)) is None or len(found[1]) > 18:
            self.faults.append(
                f"line {line.number}: the seed '{text}' is no whole number of 0 or more"
            )
            return None
        return int(found[1])

    def _read_value(self, line: Line, header: str, text: str) -> float | None:
        if text.casefold() in MISSING:
            return None
        if NUMBER.fullmatch(text) and abs(value := float(text)) != float("inf"):
            return value
        if text.casefold().lstrip("+-") in INFINITE or NUMBER.fullmatch(text):
            fault = f"is not finite; leave it empty if the run diverged: '{text}'"
        else:
            fault = f"is no number: '{text}'; write it as 71.2"
        self.faults.append(f"line {line.number}: {header} {fault}")
        return None

    @staticmethod
    def _at(line: Line, place: int | None) -> str:
        return "" if place is None else line.cells[place]


def _find_twice(scores: Mapping[Place, Sequence[GivenScore]]) -> Iterator[str]:
    """Find seeds that a row has twice; with folds, pairs of seed and fold."""
    for place, of_place in scores.items():
        first: dict[tuple[int, str], int] = {}
        for one in of_place:
            before = first.setdefault((one.seed, one.fold), one.line)
            if before != one.line:
                fold = f", fold '{one.fold}'" if one.fold else ""
                emotion = f" of {place.emotion}" if place.emotion else ""
                yield (
                    f"line {one.line}: row '{place.row}' has seed {one.seed}{fold} twice for "
                    f"{place.metric}{emotion}, before in line {before}; if runs differ in "
                    "something else, name it in a column of the corpus, fold or row"
                )


def _describe_metrics(
    path: Path,
    headers: Mapping[str, str],
    scores: Mapping[Place, Sequence[GivenScore]],
    declared: Declared,
) -> tuple[tuple[GivenMetric, ...], list[str]]:
    """Find direction and unit of each metric, and say which units were guessed."""
    _check_declared(path, headers, declared)
    metrics, notes = [], []
    for name, header in headers.items():
        by_row: dict[str, list[float]] = defaultdict(list)
        for place, of_place in scores.items():
            if place.metric == name:
                by_row[place.row] += [one.value for one in of_place if one.value is not None]
        said = declared.scalings.get(name) or ("plain" if is_plain(header) else declared.scaling)
        scaling, why = find_scaling(path, header, by_row, said)
        direction = _direction(name, declared)
        metrics.append(GivenMetric(name, header, direction == "higher", scaling))
        notes.append((header, scaling, why))
    return tuple(metrics), list(_tell_units(notes))


def _check_declared(path: Path, headers: Mapping[str, str], declared: Declared) -> None:
    """Check that the direction of each metric is known, and that nothing said contradicts it.

    Raises:
        GivenError: If it is not so, or something is said of a metric that is not there.
    """
    unknown = [header for name, header in headers.items() if not _direction(name, declared)]
    if unknown:
        raise GivenError(
            f"{path}: which way is better is not known of {', '.join(unknown)}; give "
            f"--lower-is-better {unknown[0]} or --higher-is-better {unknown[0]}, or an entry "
            "`metrics:` in the file of claims"
        )
    if stray := [name for name in declared.names if name not in headers]:
        raise GivenError(
            f"no metric '{stray[0]}' in {path}; {choose(stray[0], list(headers.values()))}"
        )
    if wrong := [name for name in headers if _contradicts(name, declared)]:
        raise GivenError(
            f"{path}: of {headers[wrong[0]]} it is known that {find_direction(wrong[0], {})} is "
            "better; leave out what says otherwise, or give the column another name"
        )
    shares = [name for name in headers if name in BUILT_IN and not is_plain(name)]
    if wrong := [name for name in shares if declared.scalings.get(name) == "plain"]:
        raise GivenError(
            f"{path}: {headers[wrong[0]]} is known to be a share, in percent or a fraction; leave "
            "out that it is plain, or give the column another name"
        )


def _contradicts(name: str, declared: Declared) -> bool:
    """Whether a metric of the program is said to be better the other way round."""
    return name in BUILT_IN and find_direction(name, {}) != _direction(name, declared)


def _direction(name: str, declared: Declared) -> Direction | None:
    return find_direction(name, declared.directions)


_WORDS: Mapping[Scaling, str] = {
    "percent": "taken to be in percent",
    "fraction": "taken to be fractions",
    "plain": "left as they are, for they are no shares",
}


def _tell_units(found: Iterable[tuple[str, Scaling, str]]) -> Iterator[str]:
    """Say the unit of each metric, those of one unit and reason together."""
    together: dict[tuple[Scaling, str], list[str]] = defaultdict(list)
    for header, scaling, why in found:
        together[scaling, why].append(header)
    for (scaling, why), headers in together.items():
        words = _WORDS[scaling]
        yield f"Values of {', '.join(headers)} are {words}{f' ({why})' if why else ''}."


def _list_lines(numbers: Iterable[int], most: int = 5) -> str:
    lines = sorted(set(numbers))
    more = f" and {len(lines) - most} more" if len(lines) > most else ""
    return f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines[:most]))}{more}"
