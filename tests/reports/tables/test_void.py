"""Rows that say nothing of a trained model: they are shown and counted, and compared with nothing.

Each accuracy of the void row is the highest of its table: it is the share of utterances without the
emotion.
"""

import csv
import io
import json
from html import unescape
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from reports.figures.bars import draw_bars
from reports.figures.depth_heatmap import draw_depth_heatmap
from reports.figures.forest import draw_forest
from reports.figures.style import GREY
from reports.figures.waterfall import draw_waterfall
from reports.forms.html import to_html
from reports.forms.plain import to_csv, to_json
from reports.ledger.ledger import RECORD_FILE, Ledger
from reports.ledger.record import Predictions
from reports.ledger.record_file import record_bytes
from reports.scores.cells import Outcome
from reports.scores.trials import TrialScores
from reports.tables.blocks import OursBlock
from reports.tables.table import build_table
from reports.verdicts.judgement import judge_claims
from search_spaces.claim import Claim, PrintedValue, Score, greater
from search_spaces.study import ANY_CORPUS, Column, Row, Study
from search_spaces.terms import MetricName
from tests.reports.factories import collect, make_split, make_study, make_trial, write_trial
from tests.reports.forms.golden import WRITERS
from tests.reports.tables.test_divergence import diverge

ROWS = ("good", "void", "other")
WRONG = {"good": (9, 10, 9), "other": (10, 9, 11)}
COLUMNS = {ANY_CORPUS: (Column(metric="acc", header="Acc"), Column(metric="auc", header="AUC"))}
CHAIN = (
    Row(name="good", change={"model.audio.depth": 1, "model.vision.depth": 1}),
    Row(name="void", change={"model.vision.depth": 1}),
    Row(name="other"),
)
CONSTANT = "every seed predicts the same for every test utterance"
PLACE = "the synthetic corpus at the tiny scale"


class Finished(NamedTuple):
    study: Study
    outcome: Outcome
    scores: TrialScores

    def column(self, metric: MetricName = "acc") -> OursBlock:
        block = build_table(self.study, [self.outcome]).blocks[0]
        assert isinstance(block, OursBlock)
        number = [column.metric for column in block.columns].index(metric)
        return OursBlock(
            block.corpus,
            block.scale,
            block.columns[number : number + 1],
            tuple(row[number : number + 1] for row in block.cells),
            tuple(row[number : number + 1] for row in block.ties),
            block.unit,
        )


def constant(*, present: bool = False, ranked: bool = False) -> Predictions:
    """Decide the same for each utterance; `ranked` probabilities still differ between them."""
    split = make_split(0, 0)
    low, high = (0.6, 0.9) if present else (0.1, 0.4)
    values = np.where(split.labels, high, low) if ranked else np.full(split.labels.shape, low)
    return Predictions(split.ids, split.groups, split.labels, values.astype(np.float32))


def finish(
    storage: Path, *void: Predictions, num_diverged: int = 0, claims: tuple[Claim, ...] = ()
) -> Finished:
    """Finish three seeds of three rows; the first seeds of the void row may have diverged."""
    ledger = Ledger(storage)
    study = make_study(rows=CHAIN, columns=COLUMNS, claims=claims)
    keys = {row: tuple(f"{row}-{seed}" for seed in range(3)) for row in ROWS}
    for row, of_row in keys.items():
        for seed, key in enumerate(of_row):
            test = void[seed] if row == "void" else make_split(seed, WRONG[row][seed])
            record = write_trial(ledger, make_trial(seed), test, key=key)
            if row == "void" and seed < num_diverged:
                path = ledger.folder(key) / RECORD_FILE
                path.write_bytes(record_bytes(diverge(record)))
    return Finished(study, collect(study, keys, ledger), TrialScores(ledger))


@pytest.fixture
def finished(tmp_path: Path) -> Finished:
    return finish(tmp_path, *[constant()] * 3)


@pytest.mark.parametrize(
    ("num_diverged", "present", "reason"),
    [
        (3, False, "every seed diverged"),
        (0, False, CONSTANT),
        (0, True, CONSTANT),
        (1, False, "every seed diverged or predicts the same for every test utterance"),
    ],
)
def test_void_row_is_shown_and_counted_but_not_ranked(tmp_path, num_diverged, present, reason):
    finished = finish(tmp_path, *[constant(present=present)] * 3, num_diverged=num_diverged)
    cells = finished.column().cells
    assert [row[0].why_void for row in cells] == ["", reason, ""]
    good, void, other = (row[0] for row in finished.column().shown)
    assert (good.rank, void.rank, other.rank) == ("best", "", "")
    assert void.mark == ""
    assert void.count == ""
    assert void.value == ("36.7" if present else "63.3")
    table = build_table(finished.study, [finished.outcome])
    texts = [table.footnotes[letter] for letter in table.marks[1].split(",")]
    assert texts[-1] == f"not ranked, compared or judged on {PLACE}: {reason}"
    assert table.marks[0] == table.marks[2] == ""


def test_column_is_tied_to_its_best_row_that_is_not_void(finished: Finished) -> None:
    assert [row[0] for row in finished.column().ties] == [None, None, True]


def test_one_trained_seed_makes_a_row_count(tmp_path: Path) -> None:
    finished = finish(tmp_path, constant(), constant(), make_split(0, 1), num_diverged=1)
    assert finished.column().shown[1][0].rank == "best"
    table = build_table(finished.study, [finished.outcome])
    texts = [table.footnotes[letter] for letter in table.marks[1].split(",")]
    assert texts[0].startswith(f"1 of 3 seeds on {PLACE} diverged")
    assert texts[1].startswith(f"1 of 3 seeds on {PLACE} predicts the same for every test utt")
    assert len(texts) == 2


def test_auc_reads_no_decisions_and_counts_what_it_reads(tmp_path: Path) -> None:
    finished = finish(tmp_path, *[constant(ranked=True)] * 3)
    assert finished.column("auc").shown[1][0].rank == "best"
    assert finished.column("acc").shown[1][0].rank == ""
    table = build_table(finished.study, [finished.outcome])
    assert any(f"on {PLACE} in Acc: {CONSTANT}" in text for text in table.footnotes.values())


def test_same_probability_everywhere_is_void_by_auc_too(finished: Finished) -> None:
    assert finished.column("auc").cells[1][0].why_void == CONSTANT


def test_nothing_is_subtracted_from_a_void_row(finished: Finished) -> None:
    table = build_table(finished.study, [finished.outcome], "minus-baseline")
    assert [row[0].value for row in table.blocks[0].shown] == ["+3.3", "none", "reference"]
    assert any(note.startswith("none: no difference is taken") for note in table.notes)
    told = unescape(to_html(table))
    assert f"minus other: not compared, 'void': {CONSTANT}" in told


def test_nothing_is_subtracted_from_published_values(tmp_path: Path) -> None:
    ledger, study = Ledger(tmp_path), make_study(("1-1-1-1", "2-2-2-2"))
    keys = {"1-1-1-1": ("a",), "2-2-2-2": ("b",)}
    write_trial(ledger, make_trial(), constant(), key="a")
    write_trial(ledger, make_trial(), make_split(0, 9), key="b")
    outcome = collect(study, keys, ledger, corpus="iemocap")
    block = build_table(study, [outcome], "minus-published").blocks[0]
    assert block.shown[0][0].value == "none"
    assert block.shown[1][0].value[0] in "+-"


def test_void_baseline_has_no_differences(tmp_path: Path) -> None:
    ledger, study = Ledger(tmp_path), make_study(("one", "ours"))
    write_trial(ledger, make_trial(), make_split(0, 9), key="a")
    write_trial(ledger, make_trial(), constant(), key="b")
    outcome = collect(study, {"one": ("a",), "ours": ("b",)}, ledger)
    values = {
        row[0].value for row in build_table(study, [outcome], "minus-baseline").blocks[0].shown
    }
    assert "none" in values
    assert not any(value[0] in "+-" for value in values)
    assert draw_forest(study, outcome, TrialScores(ledger)) is None


@pytest.mark.parametrize("form", sorted(WRITERS))
def test_every_form_says_that_a_row_is_not_compared(finished: Finished, form: str) -> None:
    text = " ".join(WRITERS[form](build_table(finished.study, [finished.outcome])).split())
    assert CONSTANT in text
    assert "**63.3" not in text
    assert "<strong>63.3" not in text
    assert r"\bfseries 63.3" not in text


def test_machines_read_which_cells_are_not_compared(finished: Finished) -> None:
    table = build_table(finished.study, [finished.outcome])
    lines = csv.DictReader(io.StringIO(to_csv(table)))
    assert {(line["row"], line["not_compared"]) for line in lines} == {
        ("good", ""),
        ("void", CONSTANT),
        ("other", ""),
    }
    cells = json.loads(to_json(table))["blocks"][0]["cells"]
    assert [["not_compared" in cell for cell in row] for row in cells] == [
        [False] * 2,
        [True] * 2,
        [False] * 2,
    ]


@pytest.mark.parametrize(("row", "rival"), [("void", "good"), ("good", "void")])
def test_claim_about_a_void_row_is_untestable(tmp_path: Path, row: str, rival: str) -> None:

    claim = greater("own", "one beats the other", row, rival, corpus="synthetic", metric="acc")
    finished = finish(tmp_path, *[constant()] * 3, claims=(claim,))
    (judged,) = judge_claims(finished.study, [finished.outcome], finished.scores)
    assert (judged.verdict, judged.beyond) == ("UNTESTABLE", None)
    assert judged.reason == f"nothing to compare: 'void': {CONSTANT}"


def test_printed_value_is_not_compared_with_a_void_row(tmp_path: Path) -> None:
    score = Score("synthetic", "acc")
    value = PrintedValue(row="void", score=score, text="63.3", unit="percent")
    claim = Claim(id="own", text="", kind="value", family="own", value=value)
    finished = finish(tmp_path, *[constant()] * 3, claims=(claim,))
    (judged,) = judge_claims(finished.study, [finished.outcome], finished.scores)
    assert judged.verdict == "UNTESTABLE"


def test_figures_show_a_void_row_and_compare_it_with_nothing(finished: Finished) -> None:
    study, outcome, scores = finished
    bars, fall = draw_bars(study, outcome), draw_waterfall(study, outcome)
    forest = draw_forest(study, outcome, scores)
    assert bars
    assert fall
    assert forest
    colours = [patch.get_facecolor()[:3] for patch in bars.figure.axes[0].patches]
    grey = tuple(int(GREY[start : start + 2], 16) / 255 for start in (1, 3, 5))
    assert [colour == pytest.approx(grey) for colour in colours] == [False, True, False]
    assert fall.data["mean_fraction"].notna().all()
    assert fall.data["difference_fraction"].isna().all()
    assert [text.get_text() for text in fall.figure.axes[0].texts] == ["not compared"] * 2
    assert set(forest.data["row"]) == {"good"}
    for drawing in (bars, fall, forest):
        assert f"The row void is not ranked, compared or judged on {PLACE}" in drawing.caption


def test_colours_of_a_heat_map_leave_out_a_void_row(finished: Finished) -> None:
    drawing = draw_depth_heatmap(finished.study, finished.outcome)
    assert drawing is not None
    data = drawing.data[drawing.data["metric"] == "Acc"].set_index("row")
    assert data["score_fraction"].notna().all()
    assert data["deviation_fraction"].isna().tolist() == [False, True, False]
    deviations = data["deviation_fraction"].dropna()
    assert len(deviations) == 2
    assert deviations.sum() == pytest.approx(0)
