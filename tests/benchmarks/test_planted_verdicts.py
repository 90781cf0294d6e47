from collections import Counter
from pathlib import Path

from benchmarks.planted_verdicts import count_verdicts, tabulate
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, remember
from search_spaces.catalogue import find_study
from search_spaces.studies.planted import PLANTED_CLAIMS
from tests.reports.factories import write_wrong

GOOD, FAIR, POOR = [0, 1, 0, 0, 1, 0], [8, 8, 9, 9, 8, 8], [15, 16, 15, 16, 15, 15]
"""Utterances that a row has wrong, of 20, by seed."""


def test_verdicts_of_each_set_of_seeds_are_compared_with_the_truth(tmp_path: Path) -> None:
    study = find_study("components")
    names = [row.name for row in study.rows]
    wrong = dict(zip(names, [POOR, POOR, FAIR, [*POOR[:3], *GOOD[3:]], GOOD, GOOD], strict=True))
    keys = write_wrong(Ledger(tmp_path), wrong)
    keys = {row: (*of_row, *("not finished",) * 3) for row, of_row in keys.items()}
    remember(
        Planned(study=study, corpus="synthetic", family="synthetic", scale="tiny", keys=keys),
        tmp_path,
    )
    counted = [*count_verdicts(tmp_path, 3)]
    found = {planted.claim.id: verdicts for _, planted, verdicts in counted}
    assert {claim: verdicts.total() for claim, verdicts in found.items()} == dict.fromkeys(found, 2)
    assert found["P01"] == {"HOLDS": 2}
    assert found["P03"] == {"REVERSED": 2}
    assert found["P04"]["HOLDS"] == 1  # a wrong verdict: three seeds of early fusion are poor
    table = tabulate(counted)
    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    assert rows[-1][2] == "8"
    decided, right = (int(str(rows[-1][column])) for column in (3, 4))
    assert right == decided - 2  # nor does it beat faces, which are as poor (P02)


def test_same_rows_that_differ_by_more_are_a_wrong_verdict() -> None:
    same, _, gap = PLANTED_CLAIMS["layers"]
    assert (same.claim.kind, gap.claim.kind) == ("same", "greater")
    found = Counter(FAILS=3, EQUIVALENT=1, UNDECIDED=2, UNTESTABLE=1)
    columns = tabulate([("layers", same, found), ("layers", gap, found)]).columns
    sets, decided, right = (list(column.cells) for column in columns[2:5])
    assert (sets, decided, right) == (["7", "7", "14"], ["4", "4", "8"], ["1", "4", "5"])


def test_study_that_was_planned_without_planted_claims_counts_none(tmp_path: Path) -> None:
    study = find_study("components").model_copy(update={"claims": ("L07",)})
    keys = write_wrong(Ledger(tmp_path), {row.name: GOOD for row in study.rows})
    remember(
        Planned(study=study, corpus="synthetic", family="synthetic", scale="tiny", keys=keys),
        tmp_path,
    )
    assert not any(found for _, _, found in count_verdicts(tmp_path, 3))
