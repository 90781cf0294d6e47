import pytest
from rich.table import Table

from benchmarks.variance_sources import VARIANCES, advice_table, stream_table


def column(table: Table, number: int) -> list[str]:
    return [str(cell) for cell in table.columns[number].cells]


def test_intervals_over_seeds_hold_for_normal_errors() -> None:
    table = stream_table(1_000)
    normal = [float(share) for number in (2, 3) for share in column(table, number)[:3]]
    assert min(normal) > 0.925
    medians = [float(text.partition(" ")[0]) for text in column(table, 5)[:3]]
    assert medians == pytest.approx([VARIANCES[0]] * 3, abs=0.05)


def test_advice_is_seldom_wrong() -> None:
    table = advice_table(200)
    assert min(float(share) for share in column(table, 3)) > 0.88
    few, equal, many = (
        [[float(share) for share in text.split(" / ")] for text in column(table, number)]
        for number in (4, 5, 6)
    )
    assert max(seeds for seeds, _ in few) == 0
    assert max(share for pair in equal for share in pair) < 0.08
    assert max(test_data for _, test_data in many) < 0.02
