from dataclasses import replace

import pytest

from reports.document.content import Addresses, Report
from reports.document.details import describe_page, list_columns, list_corpora
from reports.document.html import to_html
from reports.document.words import group_by_paper, list_verdicts_that_occur

KEY = "depth-iemocap-0-0"


def test_cell_leads_to_its_seeds_and_their_trials(made: Report) -> None:
    page = describe_page(made)
    table = page["tables"]["tab:depth"]
    assert table["columns"][:4] == [
        *(("IEMOCAP", "acc"), ("IEMOCAP", "f1"), ("IEMOCAP", "acc"), ("IEMOCAP", "f1")),
    ]
    ours, _, published, *_ = table["cells"][0]
    assert [value for _, value in ours] == ["80.00", "75.00", "80.00"]
    assert [page["trials"][int(number)]["key"] for number, _ in ours] == [
        f"depth-iemocap-0-{seed}" for seed in range(3)
    ]
    assert published == []


def test_difference_leads_to_both_trials(made: Report) -> None:
    page = describe_page(made)
    first = page["tables"]["tab:depth-minus-baseline"]["cells"][0][0]
    pairs = [
        [page["trials"][int(number)]["seed"] for number in (one, other)] for one, _, other in first
    ]
    assert pairs == [["0", "0"], ["2", "2"]]
    assert [value for _, value, _ in first] == ["-10.00", "-5.00"]
    printed = page["tables"]["tab:depth-minus-published"]["cells"][0][0]
    assert [len(seed) for seed in printed] == [2, 2, 2]


def test_every_line_of_the_script_fits_its_table(made: Report) -> None:
    for chapter in made.chapters:
        for table in chapter.tables:
            told = describe_page(made)["tables"].get(table.label)
            if told is None:
                assert table.variant == "ours"
                continue
            assert len(told["cells"]) == len(table.rows)
            assert {len(row) for row in told["cells"]} == {len(told["columns"])}


def test_filters_offer_what_there_is(made: Report) -> None:
    assert list_columns(made) == {
        "corpora": ["IEMOCAP", "Synthetic corpus", "CMU-MOSEI"],
        "metrics": ["acc", "f1", "wacc"],
    }
    assert list_verdicts_that_occur(made) == ["HOLDS"]
    groups = [(paper, [one.name for one in chapters]) for paper, chapters in group_by_paper(made)]
    assert groups == [("Le et al., IEEE Access", ["depth"]), ("Of no paper", ["never", "own"])]


def test_claim_is_about_the_corpora_of_its_study(made: Report) -> None:
    own = made.chapters[-1]
    assert [list_corpora(one.claim, own) for one in own.judged] == [["Synthetic corpus"]]
    assert describe_page(made)["claims"]["own"] == {"mine": ["Synthetic corpus"]}


@pytest.mark.parametrize("address", ["../trials/a/record.json", "http://127.0.0.1:5000/#/x?a=1&b"])
def test_addresses_are_told_of_the_trials_that_have_one(made: Report, address: str) -> None:
    found = replace(made, addresses=Addresses(records={KEY: address}, runs={KEY: address}))
    trials = {trial["key"]: trial for trial in describe_page(found)["trials"]}
    assert (trials[KEY]["record"], trials[KEY]["run"]) == (address, address)
    assert sum("run" in trial for trial in trials.values()) == 1
    assert f'<a href="{address.replace("&", "&amp;")}">{KEY}</a>' in to_html(found)
