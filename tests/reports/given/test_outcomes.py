from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from reports.forms.verdict_words import count_in_brief, show_evidence
from reports.given.assess import Reading
from reports.given.errors import GivenError
from reports.tables.blocks import DifferenceBlock, OursBlock
from tests.reports.given.factories import BASE, FAR, assess_lines, long_lines, verdicts

CLAIM = "claims: [{id: C, row: far, rivals: [base]}]"


def folds(num_seeds: int = 2, num_folds: int = 5) -> list[str]:
    """Write scores of two rows whose folds differ in difficulty, far a little above base."""
    rng = np.random.default_rng(0)
    lines = ["row,seed,fold,metric,value"]
    for seed in range(num_seeds):
        for fold in range(num_folds):
            for row, mean in (("base", 60), ("far", 62)):
                lines.append(f"{row},{seed},f{fold},f1,{mean + 3 * fold + rng.normal():.3f}")
    return lines


def test_cells_have_the_scores_of_the_file(tmp_path: Path) -> None:
    (outcome,) = assess_lines(tmp_path, long_lines({"base": BASE, "far": FAR})).outcomes
    (base,), (far,) = outcome.cells
    assert (base.row, base.mean, base.num_planned) == ("base", pytest.approx(0.6024), 5)
    assert far.std == pytest.approx(np.std(FAR, ddof=1) / 100)
    assert (far.scores[1].key, far.scores[1].seed) == ("line 8", 1)
    assert (outcome.scale, outcome.corpus) == (None, "results.csv")


def test_missing_score_leaves_its_row_unranked(tmp_path: Path) -> None:
    found = assess_lines(tmp_path, long_lines({"base": BASE, "far": (*FAR[:4], "")}))
    (block,) = found.tables[0].blocks
    assert isinstance(block, OursBlock)
    assert [(row[0].count, row[0].rank) for row in block.shown] == [("", ""), ("4/5", "")]
    assert any("is empty or NaN: line 11" in note for note in found.notes)


def test_unequal_seeds_are_paired_where_possible_and_told(tmp_path: Path) -> None:
    lines = [*long_lines({"base": BASE, "third": BASE}), *long_lines({"far": FAR[:4]})[1:]]
    found = assess_lines(tmp_path, lines, CLAIM)
    assert found.judged[0].num_seeds == 4
    (told,) = [note for note in found.notes if "different seeds" in note]
    assert told.startswith(
        "Rows have different seeds: most have 5, 'far' 4 (4 in common with 'base'). Two rows are "
        "paired at the seeds that both have"
    )


def test_rows_without_common_seeds_are_untestable(tmp_path: Path) -> None:
    others = [f"far,{seed},f1,{score}" for seed, score in enumerate(FAR, 10)]
    found = assess_lines(tmp_path, [*long_lines({"base": BASE}), *others], CLAIM)
    (judged,) = found.judged
    assert judged.verdict == "UNTESTABLE"
    assert judged.reason == "'far' and 'base' share 0 of at least 3 seeds"
    assert any("'far' 5 (0 in common with 'base')" in note for note in found.notes)


def test_one_seed_has_no_spread_and_no_verdict(tmp_path: Path) -> None:
    found = assess_lines(tmp_path, long_lines({"base": BASE[:1], "far": FAR[:1]}), CLAIM)
    assert verdicts(found) == {"C": "UNTESTABLE"}
    assert "one seed" in found.tables[0].caption
    assert [cells[0].std for cells in found.outcomes[0].cells] == [None, None]


def test_average_over_emotions_is_stated_or_computed(tmp_path: Path) -> None:
    lines = [
        "row,seed,emotion,metric,value",
        *("a,0,sad,f1,60", "a,0,angry,f1,70", "a,1,sad,f1,50", "a,1,angry,f1,"),
        *("a,0,sad,acc,80", "a,0,avg,acc,90"),
    ]
    (outcome,) = assess_lines(tmp_path, lines).outcomes
    by_column = {(cell.metric, cell.emotion): cell for cell in outcome.cells[0]}
    assert by_column["acc", None].mean == 0.9
    (computed,) = by_column["f1", None].scores
    assert (computed.score, computed.key) == (pytest.approx(0.65), "lines 2, 3")


def test_corpora_are_judged_apart(tmp_path: Path) -> None:
    lines = [
        *long_lines({"base": BASE, "far": FAR}, corpus="one"),
        *long_lines({"base": BASE}, corpus="two")[1:],
    ]
    found = assess_lines(tmp_path, lines)
    assert [outcome.corpus for outcome in found.outcomes] == ["one", "two"]
    assert "Rows without scores on two: 'far'." in found.notes


def test_baseline_is_the_first_row_or_the_named_one(tmp_path: Path) -> None:
    lines = long_lines({"base": BASE, "far": FAR})
    assert assess_lines(tmp_path, lines).baseline == "base"
    assert assess_lines(tmp_path, lines, reading=Reading(baseline="far")).baseline == "far"
    with pytest.raises(GivenError, match=r"no row 'for' in .*; did you mean 'far'"):
        assess_lines(tmp_path, lines, reading=Reading(baseline="for"))


def test_lower_is_better_where_the_metric_says_so(tmp_path: Path) -> None:
    rows = {"base": (0.9, 0.92, 0.91), "far": (0.7, 0.71, 0.72)}
    found = assess_lines(tmp_path, long_lines(rows, metric="MAE"), CLAIM)
    (block,) = found.tables[0].blocks
    assert isinstance(block, OursBlock)
    assert [row[0].rank for row in block.shown] == ["", "best"]
    assert verdicts(found) == {"C": "HOLDS"}


def test_metric_of_another_name_may_be_said_to_be_better_lower(tmp_path: Path) -> None:
    rows = {"base": (0.30, 0.32, 0.31), "far": (0.1, 0.11, 0.12)}
    reading = Reading(lower_is_better=("Miss@1",))
    found = assess_lines(tmp_path, long_lines(rows, metric="Miss@1"), CLAIM, reading)
    assert verdicts(found) == {"C": "HOLDS"}


def test_longer_baseline_row_is_no_control(tmp_path: Path) -> None:
    found = assess_lines(tmp_path, long_lines({"base": (*BASE, *BASE), "far": FAR}))
    assert not any("Noise floor" in note for note in found.tables[0].notes)


def test_folds_are_paired_and_corrected(tmp_path: Path) -> None:
    (judged,) = assess_lines(tmp_path, folds(), CLAIM).judged
    (compared,) = judged.compared
    d = np.array(compared.differences)
    assert len(d) == 10
    assert compared.gap is not None
    std_error = sqrt(1 / 10 + 1 / 4) * d.std(ddof=1)  # five folds: test / training = 1 / 4
    p = stats.t.sf(d.mean() / std_error, 9)
    assert compared.gap.p_not_above(0.0) == pytest.approx(p)
    assert "n = 10 (2 seeds x 5 folds, corrected resampled t)" in judged.reason
    assert "P(better)" not in judged.reason


def test_no_number_of_seeds_is_projected_for_folds(tmp_path: Path) -> None:
    claim = "claims: [{id: C, kind: same, row: far, rivals: [base], margin: 2}]"
    (judged,) = assess_lines(tmp_path, folds(), claim).judged
    assert (judged.verdict, judged.projected_seeds) == ("UNDECIDED", None)
    assert "seeds would" not in show_evidence(judged)
    assert count_in_brief([judged]) == "1 UNDECIDED."


def test_report_says_by_which_test_folds_are_compared(tmp_path: Path) -> None:
    found = assess_lines(tmp_path, folds())
    notes = " ".join(found.tables[0].notes)
    assert "corrected resampled t (Nadeau & Bengio 2003), test / training utterances" in notes
    assert "The folds are taken to be 5 parts of equal size" in notes
    assert "over 10 pairs of seed and fold" in found.tables[0].caption


def test_given_test_share_is_used(tmp_path: Path) -> None:
    (judged,) = assess_lines(tmp_path, folds(), CLAIM, Reading(test_share=0.5)).judged
    assert judged.compared[0].test_share == 0.5


def test_differences_and_ties_are_corrected_too(tmp_path: Path) -> None:
    widths = []
    for share in (0.25, 1.0):
        found = assess_lines(tmp_path, folds(), reading=Reading(test_share=share))
        low, high = found.outcomes[0].cells[1][0].interval or (0, 0)
        (block,) = found.tables[-1].blocks
        assert isinstance(block, DifferenceBlock)
        difference = block.cells[1][0]
        assert difference is not None
        assert difference.interval is not None
        widths.append((high - low, difference.interval[1] - difference.interval[0]))
    ratio = sqrt((0.1 + 1.0) / (0.1 + 0.25))
    assert np.array(widths[1]) / widths[0] == pytest.approx([ratio, ratio])


@pytest.mark.parametrize(
    ("lines", "share", "fault"),
    [
        (folds(num_folds=1), None, "names a single fold; give the ratio .* with --test-share"),
        ([*folds(), "base,7,,f1,60"], None, "line 22: names no fold, as other lines do"),
        (long_lines({"a": BASE}), 0.25, "has no folds, so that --test-share says nothing"),
    ],
)
def test_folds_without_sense_are_refused(
    tmp_path: Path, lines: list[str], share: float | None, fault: str
) -> None:
    with pytest.raises(GivenError, match=fault):
        assess_lines(tmp_path, lines, reading=Reading(test_share=share))
