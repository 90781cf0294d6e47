"""The spread of a row of which single random streams were varied."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from reports.document.content import count_finished
from reports.document.trial_line import list_trials
from reports.figures.spread import draw_spread
from reports.forms.html import to_page
from reports.forms.latex import to_latex
from reports.forms.markdown import to_markdown
from reports.forms.plain import to_json
from reports.ledger.ledger import Ledger
from reports.scores.cells import Outcome
from reports.scores.trials import TrialScores
from reports.statistics.variance import Variance
from reports.tables.spread import SEEDS, TEST_SET, Part, Spread, measure_spread, tell_help
from reports.tables.table import build_table
from search_spaces.study import Column, RowRef
from tests.reports.factories import (
    collect,
    make_split,
    make_study,
    make_trial,
    write_trial,
    write_wrong,
)

WRONG = {"1-1-1-1": [6, 7, 6], "2-2-2-2": [5, 7, 6]}
OF_INIT = [5, 8, 3]
STUDY = make_study(WRONG, compared_with="2-2-2-2")


def outcome_of(storage: Path, num_finished: int = 3) -> Outcome:
    """Finish all seeds of both rows, and some of those in which init alone is varied."""
    ledger = Ledger(storage)
    keys = write_wrong(ledger, WRONG)
    varied = (keys["2-2-2-2"][0], "init-1", "init-2")
    for seed in range(1, num_finished):
        trial = make_trial().model_copy(update={"streams": {"init": seed}})
        write_trial(ledger, trial, make_split(seed, OF_INIT[seed]), key=varied[seed])
    return collect(STUDY, keys, ledger, corpus="iemocap", varied={"init": varied})


def test_parts_are_the_variances_of_their_scores(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path)
    spread, _ = measure_spread(STUDY, outcome)
    assert (spread.row, spread.column.title) == ("2-2-2-2", "Acc")
    assert list(spread.parts) == [SEEDS, "init", TEST_SET]
    of_seeds, of_init = (np.var(np.array(w) / 20, ddof=1) for w in (WRONG["2-2-2-2"], OF_INIT))
    assert spread.parts[SEEDS].variance.value == pytest.approx(of_seeds)
    assert spread.parts["init"].variance.value == pytest.approx(of_init)
    assert [one.seed for one in spread.parts["init"].scores] == [0, 1, 2]
    total = of_seeds + spread.parts[TEST_SET].variance.value
    assert spread.share("init") == pytest.approx(of_init / total)
    assert (spread.share(SEEDS) or 0) + (spread.share(TEST_SET) or 0) == pytest.approx(1)


def test_test_set_is_redrawn_by_clusters_of_the_row(tmp_path: Path) -> None:
    """Its variance is near that of a mean over its four dialogues, each of five utterances."""
    ledger = Ledger(tmp_path)
    keys = write_wrong(ledger, {"1-1-1-1": [6, 6], "2-2-2-2": [5, 5]})
    varied = {"init": keys["2-2-2-2"]}
    outcome = collect(STUDY, keys, ledger, corpus="iemocap", varied=varied)
    part = measure_spread(STUDY, outcome)[0].parts[TEST_SET]
    shares = np.mean(
        [[np.mean(((np.arange(5 * d, 5 * d + 5) + s) % 20) < 5) for d in range(4)] for s in (0, 1)],
        axis=0,
    )
    assert part.num == 4
    assert part.variance.value == pytest.approx(shares.var() / 4, rel=0.1)


def test_varied_trials_count_for_no_cell_but_are_trials_of_the_study(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path)
    plain = replace(outcome, varied=None)
    assert [cell.num_scores for row in outcome.cells for cell in row] == [3] * 4
    assert build_table(STUDY, [outcome]).blocks == build_table(STUDY, [plain]).blocks
    assert (count_finished(plain).num_finished, count_finished(outcome).num_finished) == (6, 8)
    lines = list_trials([("depth", outcome)], TrialScores(Ledger(tmp_path)))
    refs = [RowRef("depth", row) for row in ("2-2-2-2", "2-2-2-2 (init varied)")]
    assert {line.record.key: list(line.rows) for line in lines}["init-1"] == refs[1:]
    assert {line.record.key: list(line.rows) for line in lines}["1-0"] == refs
    assert lines[-1].texts[3] == "0, init 2"


def test_every_form_tells_the_spread(tmp_path: Path) -> None:
    table = build_table(STUDY, [outcome_of(tmp_path)])
    note = next(note for note in table.notes if note.startswith("Spread"))
    told = "3 of init alone 12.58 (6.55 to 79.08)"
    assert note.startswith(
        "Spread of '2-2-2-2' on IEMOCAP at the tiny scale: standard deviation (95 % interval) and "
        "share of the variance of one seed on another test set. Acc: 3 seeds 5.00 (2.60 to 31.42) "
    )
    assert f", {told} " in note
    assert "; beyond 3 seeds, more test data would help more than more seeds. F1: " in note
    for text in map(plain_text, (to_markdown(table), to_page(table), to_latex(table))):
        assert told in text
    twin = json.loads(to_json(table))
    of_init = twin["spreads"][0]["parts"]["init"]
    assert of_init["n"] == 3
    assert [one["trial"] for one in of_init["scores"]] == ["1-0", "init-1", "init-2"]
    assert twin["trials"]["init-2"]["streams"] == {"init": 2}


def plain_text(text: str) -> str:
    return " ".join(text.replace("\\", "").split())


def test_unfinished_stream_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    two = measure_spread(STUDY, outcome_of(tmp_path / "two", num_finished=2))[0]
    assert two.parts["init"].num == 2
    one = measure_spread(STUDY, outcome_of(tmp_path / "one", num_finished=1))[0]
    assert list(one.parts) == [SEEDS, TEST_SET]


def test_nothing_is_told_where_nothing_was_varied(tmp_path: Path) -> None:
    outcome = replace(outcome_of(tmp_path), varied=None)
    assert measure_spread(STUDY, outcome) == []
    assert "spreads" not in json.loads(to_json(build_table(STUDY, [outcome])))
    assert draw_spread(STUDY, outcome) is None


@pytest.mark.parametrize(
    ("of_seeds", "words"),
    [
        (100.0, "more seeds would help more than more test data"),
        (0.01, "more test data would help more than more seeds"),
        (5.0, "do not tell whether"),
    ],
)
def test_what_helps_follows_from_the_variance_of_the_mean(of_seeds: float, words: str) -> None:
    parts = {SEEDS: Part(Variance(of_seeds, 4)), TEST_SET: Part(Variance(1.0, 29))}
    spread = Spread("mine", "full", Column(metric="f1", header="F1"), parts)
    assert words in tell_help(spread)


def test_figure_shows_shares_and_its_csv_the_deviations(tmp_path: Path) -> None:
    drawing = draw_spread(STUDY, outcome_of(tmp_path))
    assert drawing is not None
    first, _ = drawing.figure.axes
    names = [label.get_text() for label in first.get_yticklabels()]
    assert names == ["3 seeds", "3 of init alone", "test set of 4 clusters"]
    widths = [bar.get_width() for bar in first.patches if isinstance(bar, Rectangle)]
    assert widths == pytest.approx([100 * share for share in drawing.data["share"][:3]])
    assert list(drawing.data["source"][:3]) == ["seeds", "init", "test set"]
    assert drawing.data["std_fraction"][0] == pytest.approx(0.05)
    assert "Acc: beyond 3 seeds, more test data would help" in drawing.caption
