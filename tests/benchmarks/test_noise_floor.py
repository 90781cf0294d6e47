import pytest

from benchmarks.noise_floor import GAPS, noise_table


def test_gaps_of_normal_equal_rows_are_above_the_floor_in_five_percent() -> None:
    table = noise_table(2_000)
    above = [
        [float(str(cell).partition(" / ")[0]) for cell in list(column.cells)[:3]]
        for column in table.columns[2:]
    ]
    assert len(above) == len(GAPS)
    assert above[0] == pytest.approx([0.05] * 3, abs=0.02)
    assert min(above[-1]) > 0.7
