"""The two lines under a table: shown in every form, never ranked, and which rows they mark."""

import csv
import io
import json
from itertools import islice
from pathlib import Path

import pytest

from reports.forms.html import to_html
from reports.forms.latex import to_latex
from reports.forms.markdown import to_markdown
from reports.forms.plain import to_csv, to_json
from reports.tables.caption import footnote_letters
from reports.tables.table import VARIANTS, Table, Variant
from search_spaces.study import ANY_CORPUS, Column
from tests.reports.factories import make_study, make_table, make_trial
from tests.reports.floor_factory import write_linear
from tests.reports.forms.golden import WRITERS, show

COLUMNS = {ANY_CORPUS: (Column(metric="acc", header="Acc"), Column(metric="f1", header="F1"))}
"""Accuracies are 1 - wrong / 20; that of chance is 63.3 %, of linear 80 %."""

CORPUS = make_trial().corpus


def build(
    storage: Path, num_wrong: list[int], variant: Variant = "ours", num_seeds: int = 3
) -> Table:
    write_linear(storage, 4)
    names = [f"row {number}" for number in range(len(num_wrong))]
    study = make_study(names, columns=COLUMNS)
    return make_table(storage, study, num_wrong, num_seeds, variant=variant)


def notes_of(table: Table, row: int) -> list[str]:
    return [table.footnotes[letter] for letter in table.marks[row].split(",") if letter]


def test_rows_are_marked_that_do_not_rise_above_a_floor(tmp_path: Path) -> None:
    table = build(tmp_path, [1, 5, 7])  # mean accuracies 93.3, 73.3 and 63.3
    place = "on the synthetic corpus at the tiny scale"
    assert notes_of(table, 0) == []
    assert notes_of(table, 1) == [f"below linear {place}"]
    assert notes_of(table, 2) == [f"not told from chance {place}", f"below linear {place}"]


def test_with_two_seeds_only_a_mean_that_is_not_higher_is_marked(tmp_path: Path) -> None:
    table = build(tmp_path, [6, 7], num_seeds=2)  # mean accuracies 67.5 and 62.5
    assert not any("chance" in note for note in notes_of(table, 0))
    assert any("not told from chance" in note for note in notes_of(table, 1))


def test_equal_printed_values_are_not_below(tmp_path: Path) -> None:
    table = build(tmp_path, [4, 3], num_seeds=1)
    assert notes_of(table, 0) == []


def test_incomplete_cells_are_compared_with_nothing(tmp_path: Path) -> None:
    write_linear(tmp_path, 4)
    study = make_study(["a", "b"], columns=COLUMNS)
    table = make_table(tmp_path, study, [7, 7], unfinished=["0-2"], variant="ours")
    assert notes_of(table, 0) == []
    assert notes_of(table, 1)


def test_floors_have_no_rank_even_above_all_rows(tmp_path: Path) -> None:
    with_floors, without = build(tmp_path / "with", [5, 6, 7]), tmp_path / "without"
    plain = make_table(without, make_study(["row 0", "row 1", "row 2"], columns=COLUMNS), [5, 6, 7])
    assert [block.shown for block in with_floors.blocks] == [plain.blocks[0].shown]
    latex = to_latex(with_floors).splitlines()
    assert r"linear & 80.0 & 72.7 \\" in latex
    assert latex[latex.index(r"\bottomrule") - 3] == r"\midrule"


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_shows_them_last(tmp_path: Path, form: str) -> None:
    text = WRITERS[form](build(tmp_path, [1, 5]))
    if form != "json":
        assert text.rindex("row 1") < text.rindex("linear")
        assert text.index("row 1") < text.index("chance")
    assert ("0.8000" if form in ("csv", "json") else "80.0") in text


def test_rule_stands_above_them(tmp_path: Path) -> None:
    table = build(tmp_path, [1, 5])
    lines = to_markdown(table).splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.startswith("| chance")]
    assert set(lines[first - 1]) == set("| ─")
    shown = show(table).splitlines()
    (first,) = [number for number, line in enumerate(shown) if line.startswith("chance ")]
    assert set(shown[first - 1].strip()) == {"─"}
    assert to_html(table).count("<tbody") == 2


def test_programs_tell_them_from_rows(tmp_path: Path) -> None:
    table = build(tmp_path, [1, 5])
    lines = list(csv.DictReader(io.StringIO(to_csv(table))))
    floors = [line for line in lines if line["origin"] == "floor"]
    assert [line["row"] for line in floors] == ["chance", "chance", "linear", "linear"]
    assert {line["n"] for line in floors} == {""}
    (block,) = json.loads(to_json(table))["blocks"]
    assert len(block["cells"]) == 2
    assert block["floors"]["linear"][0] == {
        "column": "Acc",
        "emotion": None,
        "metric": "acc",
        "mean": pytest.approx(0.8),
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_tables_of_scores_have_them(tmp_path: Path, variant: Variant) -> None:
    table = build(tmp_path, [1, 5], variant)
    assert bool(table.floors) == (variant in ("beside", "ours"))
    assert any("linear: " in note for note in table.notes) == bool(table.floors)


def test_note_names_the_features_and_the_recipe(tmp_path: Path) -> None:
    notes = " ".join(build(tmp_path, [1]).notes)
    assert "of each emotion on some numbers (recipe 'le' on synthetic)" in notes


def test_letters_of_footnotes_go_on_after_z() -> None:
    letters = list(islice(footnote_letters(), 28))
    assert (letters[0], letters[25:]) == ("a", ["z", "aa", "ab"])


def test_panel_of_published_values_alone_has_no_empty_lines(tmp_path: Path) -> None:
    write_linear(tmp_path, 4)
    table = make_table(tmp_path, make_study(), [1, 2, 3], corpus="iemocap")
    assert [block.origin for block in table.blocks[1:]] == ["published"]
    text = show(table, width=50)
    assert text.count("2-2-2-2") > 1
    assert text.count("\nlinear ") == 1
