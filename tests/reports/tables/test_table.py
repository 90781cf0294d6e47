import re
import subprocess
import sys

import numpy as np
import pytest

from reports.ledger.ledger import Ledger
from reports.tables.blocks import MISSING, OursBlock, PublishedBlock, block_title, header
from reports.tables.table import build_table
from search_spaces.catalogue import STUDIES
from search_spaces.study import ANY_CORPUS, Column
from tests.reports.factories import (
    collect,
    make_circumstances,
    make_mixed_table,
    make_predictions,
    make_split,
    make_study,
    make_table,
    make_trial,
    write_rows,
    write_trial,
)

OURS_ONLY = {ANY_CORPUS: (Column(metric="f1", header="F1"),)}


def column(table, number):
    return [row[number] for row in table.blocks[0].shown]


def test_unknown_corpus_stands_beside_all_published_columns(tmp_path):
    table = make_table(tmp_path, make_study(), [4, 2, 0])
    assert [header(block) for block in table.blocks] == [
        "Synthetic corpus (ours, tiny scale)",
        "IEMOCAP (published)",
        "CMU-MOSEI (published)",
    ]
    assert [column.header for column in table.blocks[2].columns] == ["WAcc", "F1"]


def test_published_corpus_stands_beside_its_own_columns(tmp_path):
    table = make_table(tmp_path, make_study(), [4, 2, 0], corpus="iemocap", scale="paper")
    assert [header(block) for block in table.blocks] == [
        "IEMOCAP (ours, paper scale)",
        "IEMOCAP (published)",
    ]


def test_several_corpora_share_a_table(tmp_path):
    study, ledger = make_study(), Ledger(tmp_path)
    planned = write_rows(ledger, study, [4, 2, 0])
    places = [("iemocap", "paper"), ("synthetic", "tiny")]
    outcomes = [
        collect(study, planned, ledger, corpus=corpus, scale=scale) for corpus, scale in places
    ]
    blocks = build_table(study, outcomes).blocks
    assert [block_title(block) for block in blocks] == [
        *("IEMOCAP", "IEMOCAP", "Synthetic corpus", "CMU-MOSEI")
    ]


def test_published_values_are_as_printed(tmp_path):
    published = make_table(tmp_path, make_study(), [4, 2, 0]).blocks[1]
    assert [[cell.value for cell in row] for row in published.shown] == [
        ["83.79", "58.58"],
        ["85.92", "60.89"],
        ["", ""],
    ]
    assert [cell.rank for cell in published.shown[1]] == ["best", "best"]


def test_ours_have_the_decimals_that_were_printed(tmp_path):
    table = make_table(tmp_path, make_study(), [4, 2, 0])
    assert re.fullmatch(r"\d\d\.\d\d ± \d\.\d\d", column(table, 1)[0].text)


def test_study_without_published_values_shows_one_decimal(tmp_path):
    table = make_table(tmp_path, make_study(["a", "b"], source=None), [4, 0])
    assert re.fullmatch(r"\d\d\.\d ± \d\.\d", column(table, 1)[0].text)
    assert len(table.blocks) == 1


def test_best_and_second_are_ranked_among_complete_cells(tmp_path):
    study = make_study(["a", "b", "c", "d"], columns=OURS_ONLY)
    table = make_table(tmp_path, study, [4, 2, 6, 0], unfinished=["3-0"])
    assert [cell.rank for cell in column(table, 0)] == ["second", "best", "", ""]
    assert column(table, 0)[3].count == "2/3"


def test_equal_cells_share_their_rank(tmp_path):
    study = make_study(["a", "b", "c", "d", "e"], columns=OURS_ONLY)
    table = make_table(tmp_path, study, [0, 0, 4, 4, 6])
    assert [cell.rank for cell in column(table, 0)] == ["best", "best", "second", "second", ""]


def test_the_worse_of_two_is_not_second(tmp_path):
    study = make_study(["a", "b"], columns=OURS_ONLY)
    assert [cell.rank for cell in column(make_table(tmp_path, study, [0, 4]), 0)] == ["best", ""]


def test_one_row_is_not_ranked(tmp_path):
    assert column(make_table(tmp_path, make_study(["only"]), [4]), 0)[0].rank == ""


def test_missing_cell_shows_a_dash(tmp_path):
    table = make_mixed_table(tmp_path)
    assert column(table, 0)[4].text == MISSING
    assert any("no seed has a score" in note for note in table.notes)


def test_caption_says_corpus_scale_and_seeds(tmp_path):
    caption = make_table(tmp_path, make_study(), [4, 2, 0]).caption
    assert "the synthetic corpus at the tiny scale, mean ± sample standard" in caption
    assert "over 3 seeds" in caption
    assert "no reproduction of published numbers" in caption


def test_caption_of_smaller_models_disclaims_on_the_papers_corpora_too(tmp_path):
    table = make_table(tmp_path, make_study(), [4, 2, 0], corpus="iemocap", scale="small")
    assert "Scores on IEMOCAP at the small scale are no reproduction" in table.caption


def test_caption_of_the_papers_setting_disclaims_nothing(tmp_path):
    table = make_table(tmp_path, make_study(), [4, 2, 0], corpus="iemocap", scale="paper")
    assert "no reproduction" not in table.caption


def test_caption_of_one_seed_speaks_of_no_spread(tmp_path):
    caption = make_table(tmp_path, make_study(), [4, 2, 0], num_seeds=1).caption
    assert "one seed" in caption
    assert "±" not in caption


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"code_version": "other"}, "code version: 0.1.0+abc1234 (1 trial), other (1 trial)."),
        ({"device": "cuda"}, "device: cpu (1 trial), cuda (1 trial)."),
        ({"precision": "bf16"}, "precision: bf16 (1 trial), fp32 (1 trial)."),
        ({"is_deterministic": True}, "algorithms: deterministic (1 trial), the fastest (1 trial)."),
        ({"num_threads": 8}, "number of threads: 1 (1 trial), 8 (1 trial)."),
        ({"libraries": {"numpy": "2.4.6"}}, "torch: 2.11.0 (1 trial), absent (1 trial)."),
    ],
)
def test_note_tells_what_differs_between_trials(tmp_path, change, note):
    ledger, study = Ledger(tmp_path), make_study(["only"])
    given = [make_circumstances(), make_circumstances(**change)]
    keys = [
        write_trial(ledger, make_trial(seed), make_split(seed, 1), circumstances=c).key
        for seed, c in enumerate(given)
    ]
    outcome = collect(study, {"only": tuple(keys)}, ledger)
    assert f"Trials differ in {note}" in build_table(study, [outcome]).notes


def test_commits_that_leave_the_code_alone_are_no_difference(tmp_path):
    ledger, study = Ledger(tmp_path), make_study(["only"])
    given = [make_circumstances(code_version=version, code_digest="0123") for version in "ab"]
    keys = [
        write_trial(ledger, make_trial(seed), make_split(seed, 1), circumstances=c).key
        for seed, c in enumerate(given)
    ]
    outcome = collect(study, {"only": tuple(keys)}, ledger)
    assert not any("code version" in note for note in build_table(study, [outcome]).notes)


def test_note_tells_an_undefined_metric(tmp_path):
    ledger, study = Ledger(tmp_path), make_study(["only"])
    absent = make_predictions(np.zeros((4, 3), np.int8), np.full((4, 3), 0.9))
    key = write_trial(ledger, make_trial(0), absent).key
    outcome = collect(study, {"only": (key,)}, ledger)
    notes = build_table(study, [outcome]).notes
    assert any(note.startswith("WAcc is undefined for 1 finished trial on") for note in notes)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
@pytest.mark.parametrize("corpus", ["iemocap", "mosei", "synthetic"])
def test_every_study_has_a_table_before_anything_is_trained(tmp_path, study, corpus):
    planned = {row.name: (f"{row.name}-0",) for row in study.rows}
    table = build_table(study, [collect(study, planned, Ledger(tmp_path), corpus=corpus)])
    is_printed = any(row.published for row in study.rows)
    expected = {OursBlock, PublishedBlock} if is_printed else {OursBlock}
    assert {type(block) for block in table.blocks} == expected


def test_name_is_safe_as_a_file_name(tmp_path):
    assert make_table(tmp_path, make_study(["a"], name="../my study_1"), [0]).name == "my-study-1"


def test_reports_load_without_torch():
    modules = "forms.files forms.document forms.terminal scores.cells scores.metrics"
    code = "; ".join(f"import reports.{module}" for module in modules.split())
    check = f"import sys; {code}; print(sorted({{'torch', 'ray', 'mlflow'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
