import shutil

import pytest
from matplotlib.colors import to_rgb

from reports.figures.style import COLOURS
from reports.figures.waterfall import draw_waterfall
from reports.ledger.ledger import Ledger
from search_spaces.studies.xia2022 import MODULES
from search_spaces.study import ANY_CORPUS, Column, Row
from tests.reports.factories import collect, make_split, make_study, make_trial, write_trial

AUDIO, VISION = {"model.audio.depth": 1}, {"model.vision.depth": 1}
NESTED = (Row(name="none", change=AUDIO | VISION), Row(name="a", change=VISION), Row(name="all"))
COLUMNS = {ANY_CORPUS: (Column(metric="acc", header="Acc"),)}
WRONG = ((8, 9, 7), (5, 6, 7), (6, 7, 5))
"""How many of 20 utterances are wrong in every emotion, by row and seed."""


def draw(storage, study=None, wrong=WRONG, unfinished=(), **given):
    study = study or make_study(rows=NESTED, columns=COLUMNS)
    ledger, keys = Ledger(storage), {}
    for number, (row, counts) in enumerate(zip(study.rows, wrong, strict=True)):
        keys[row.name] = tuple(f"{number}-{seed}" for seed in range(len(counts)))
        for seed, count in enumerate(counts):
            write_trial(ledger, make_trial(seed), make_split(seed, count), key=keys[row.name][seed])
    for key in unfinished:
        shutil.rmtree(ledger.folder(key))
    return draw_waterfall(study, collect(study, keys, ledger, **given))


def test_steps_are_paired_differences_with_intervals(tmp_path) -> None:
    data = draw(tmp_path).data
    assert data["row"].tolist() == ["none", "a", "all"]
    assert data["mean_fraction"].tolist() == pytest.approx([0.6, 0.7, 0.7])
    # gains in utterances: 3, 3, 0 and -1, -1, 2; both have the standard error 1
    assert data["difference_fraction"].tolist()[1:] == pytest.approx([0.1, 0.0])
    half_width = 4.302653 / 20
    assert data["low_fraction"].tolist()[1:] == pytest.approx([0.1 - half_width, -half_width])
    assert data["high_fraction"].tolist()[1:] == pytest.approx([0.1 + half_width, half_width])
    assert data.loc[0, ["difference_fraction", "low_fraction", "high_fraction"]].isna().all()


def test_bars_float_from_row_to_row(tmp_path) -> None:
    drawing = draw(tmp_path, wrong=((8, 8, 8), (5, 5, 5), (6, 6, 6)))
    first, second = drawing.figure.axes[0].patches
    assert (first.get_x(), first.get_width()) == pytest.approx((60, 15))
    assert (second.get_x(), second.get_width()) == pytest.approx((75, -5))
    texts = [text.get_text() for text in drawing.figure.axes[0].texts]
    assert texts == ["+15.0 [+15.0, +15.0]", "-5.0 [-5.0, -5.0]"]


def test_bar_of_a_lower_loss_has_the_colour_and_no_hatch_of_a_gain(tmp_path) -> None:
    columns = {ANY_CORPUS: (Column(metric="hamming_loss", header="Hamming"),)}
    study = make_study(rows=NESTED, columns=columns)
    drawing = draw(tmp_path, study, wrong=((8, 8, 8), (5, 5, 5), (6, 6, 6)))
    (axes,) = drawing.figure.axes
    better, worse = axes.patches
    assert (better.get_width(), worse.get_width()) == pytest.approx((-15, 5))
    assert (better.get_facecolor()[:3], better.get_hatch()) == (to_rgb(COLOURS[0]), "")
    assert (worse.get_facecolor()[:3], worse.get_hatch()) == (to_rgb(COLOURS[1]), "////")
    assert axes.get_xlabel() == "Hamming (%; lower is better)"


def test_only_seeds_that_all_rows_have_count(tmp_path) -> None:
    drawing = draw(tmp_path, unfinished=["0-1"])
    assert drawing.data["mean_fraction"].tolist() == pytest.approx([0.625, 0.7, 0.725])
    assert drawing.data["low_fraction"].isna().all(), "two seeds have no interval"
    assert "over the 2 seeds that all rows have" in drawing.caption
    assert "Student" not in drawing.caption


def test_two_orders_of_adding_are_two_lines_of_panels(tmp_path) -> None:
    drawing = draw(tmp_path, MODULES, ((8, 8), (6, 6), (7, 7), (4, 4)), corpus="iemocap")
    by_chain = drawing.data[drawing.data["metric"] == "Acc"].groupby("chain")
    assert by_chain["row"].agg(list).tolist() == [
        ["MER", "MER-SEM", "MER-SEM-MBT"],
        ["MER", "MER-MBT", "MER-SEM-MBT"],
    ]
    assert by_chain["published_fraction"].agg(list).tolist() == [
        [0.855, 0.871, 0.874],
        [0.855, 0.868, 0.874],
    ]
    assert "differ in the order" in drawing.caption
    assert "Hollow diamonds" in drawing.caption


def test_more_orders_than_are_drawn_are_counted(tmp_path) -> None:
    fields = [AUDIO, VISION, {"model.fusion.depth": 1}]
    subsets = [[f for bit, f in enumerate(fields) if number >> bit & 1] for number in range(8)]
    rows = tuple(
        Row(name=str(n), change={k: v for field in fields for k, v in field.items()})
        for n, fields in enumerate(subsets)
    )
    drawing = draw(tmp_path, make_study(rows=rows, columns=COLUMNS), [(4,)] * 8)
    assert drawing.data["chain"].nunique() == 2
    assert "not shown: 4." in drawing.caption


def test_nothing_is_drawn_without_a_chain_or_a_common_seed(tmp_path) -> None:
    assert draw(tmp_path / "no chain", make_study()) is None
    assert draw(tmp_path / "no seed", unfinished=["0-0", "0-1", "1-2"]) is None
