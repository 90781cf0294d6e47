import numpy as np
import pytest

from benchmarks.fold_errors import DESIGNS, draw_differences, fold_table, validated_table


def test_corrected_t_keeps_its_level_and_pairs_as_if_independent_do_not() -> None:
    table = fold_table(400)
    cells = {str(column.header): list(column.cells) for column in table.columns}
    of_many_seeds = [number for number, seeds in enumerate(cells["seeds"]) if seeds != "1"]
    corrected, pairs = (
        [float(str(cells[f"equal: {name}"][number])) for number in of_many_seeds]
        for name in ("corrected", "pairs")
    )
    assert max(corrected) <= 0.05
    assert min(pairs) > 0.08
    assert cells["equal: seeds"][0] == "none"


def test_corrected_t_keeps_its_level_where_a_fold_validates() -> None:
    table = validated_table(400)
    cells = {str(column.header): list(map(str, column.cells)) for column in table.columns}
    assert cells["folds"] == ["3"] * 3 + ["5"] * 3 + ["10"] * 3
    assert max(map(float, cells["corrected"])) <= 0.05
    assert max(map(float, cells["pairs"])) > 0.1


def test_equal_rows_differ_by_chance_alone() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_differences(rng, 5, 2, 1.0) for _ in range(300)]
    assert drawn[0].shape == (2, 5)
    means = [one.mean() for one in drawn]
    assert np.mean(means) == pytest.approx(0, abs=3 * np.std(means) / np.sqrt(300))
    assert len(DESIGNS) == 4
