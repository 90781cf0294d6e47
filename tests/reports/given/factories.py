"""Files of results that nobody measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.given.assess import Assessment, Reading, Source, assess
from reports.given.columns import ColumnNames

BASE = (60.0, 61.0, 60.5, 59.5, 60.2)
FAR = (66.0, 67.2, 66.1, 66.0, 66.4)
NEAR = (60.1, 61.0, 60.4, 59.6, 60.1)


def long_lines(
    rows: Mapping[str, Sequence[object]], metric: str = "f1", **columns: object
) -> list[str]:
    """Write a line for each score, seeds from 0 on; the other columns have one value each."""
    names = ["row", "seed", "metric", "value", *columns]
    lines = [
        ",".join(map(str, (row, seed, metric, value, *columns.values())))
        for row, values in rows.items()
        for seed, value in enumerate(values)
    ]
    return [",".join(names), *lines]


def write_lines(folder: Path, lines: Sequence[str], name: str = "results.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def assess_lines(
    folder: Path, lines: Sequence[str], claims: str = "", reading: Reading | None = None
) -> Assessment:
    """Assess results, with claims in YAML if there are any."""
    source = Source(write_lines(folder, lines))
    if claims:
        source = Source(source.results, write_lines(folder, [claims], "claims.yaml"))
    return assess(source, ColumnNames(), reading or Reading())


def verdicts(assessment: Assessment) -> dict[str, str]:
    return {one.claim.id: one.verdict for one in assessment.judged}
