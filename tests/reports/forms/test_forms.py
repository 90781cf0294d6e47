import csv
import io
import json
import re
from dataclasses import replace

import pytest

from reports.forms.files import FORMS, write_table
from reports.forms.latex import to_latex
from reports.forms.latex_text import escape
from reports.forms.markdown import to_markdown
from reports.forms.plain import csv_cell, to_csv, to_json
from reports.tables.blocks import PublishedBlock, PublishedCell
from search_spaces.study import Column
from tests.reports.factories import make_mixed_table, make_study, make_table
from tests.reports.forms.golden import (
    FILES,
    STUDY_FILES,
    WRITERS,
    golden_file,
    mixed_table,
    show,
    study_file,
    study_tables,
)


@pytest.mark.parametrize(("variant", "form"), FILES)
def test_form_equals_its_golden_file(variant, form):
    expected = golden_file(variant, form).read_text(encoding="utf-8")
    assert WRITERS[form](mixed_table(variant)) == expected


@pytest.mark.parametrize(("name", "variant", "form"), STUDY_FILES)
def test_table_of_a_study_equals_its_golden_file(name, variant, form):
    expected = study_file(name, variant, form).read_text(encoding="utf-8")
    assert WRITERS[form](study_tables(name)[variant]) == expected


def test_terminal_stacks_what_is_too_wide(tmp_path):
    table = make_table(tmp_path, make_study(), [4, 2, 0], corpus="iemocap")
    lines = show(table, 50).splitlines()
    origins = [line.strip() for line in lines if "ours," in line or "published" in line][-2:]
    assert origins == ["ours, tiny scale", "published"]
    assert max(map(len, lines)) <= 50


def test_terminal_leaves_other_corpora_to_the_files_if_they_do_not_fit(tmp_path):
    table = make_table(tmp_path, make_study(), [4, 2, 0])
    told = "Published values on IEMOCAP and CMU-MOSEI: in the files, or in a wider terminal."
    wide, narrow = show(table, 100), show(table, 60)
    assert "IEMOCAP" in wide
    assert told not in " ".join(wide.split())
    assert told in " ".join(narrow.split())
    assert narrow.count("IEMOCAP") == 1
    assert "ours, tiny scale" not in narrow  # the caption says it
    assert "1-1-1-1" in narrow
    assert max(map(len, narrow.splitlines())) <= 60


def test_terminal_gives_names_the_room_that_scores_leave(tmp_path):
    name = "a row whose name takes some room"
    table = make_table(tmp_path, make_study([name]), [4])
    assert name in show(table, 80)
    assert name not in show(table, 50)


def test_equal_records_give_equal_files(tmp_path):
    files = [
        write_table(make_mixed_table(tmp_path / name), tmp_path / "tables" / name)
        for name in ("one", "other")
    ]
    assert list(files[0]) == ["tex", "plain.tex", "csv", "json", "md", "html"]
    for form in FORMS:
        assert files[0][form].read_bytes() == files[1][form].read_bytes()


def test_latex_escapes_what_tex_would_read():
    assert escape(r"[a_b] & 5 % #1 \x {y} ~ ^ $ -- ±") == (
        r"{[}a\_b{]} \& 5 \% \#1 \textbackslash{}x \{y\} \textasciitilde{} "
        r"\textasciicircum{} \$ -{}- $\pm$"
    )


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("\N{GREEK SMALL LETTER ALPHA} \N{GREEK CAPITAL LETTER ALPHA}", r"$\alpha$ $\mathrm{A}$"),
        ("\N{MATHEMATICAL ITALIC SMALL ALPHA}", r"$\alpha$"),
        ("a ≥ b ≠ c", r"a $\ge$ b $\ne$ c"),
        ("10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT THREE}", "10$^{-}$$^{3}$"),
        ("H\N{SUBSCRIPT TWO}O", "H$_{2}$O"),
        ("e\N{COMBINING ACUTE ACCENT}", "é"),
        ("x\N{COMBINING CIRCUMFLEX ACCENT}", r"\^{x}"),
        ("\N{GREEK SMALL LETTER BETA}\N{COMBINING CIRCUMFLEX ACCENT}", r"$\hat{\beta}$"),
        ("Thế", r"Th$\acute{\hat{\mathrm{e}}}$"),
        ("\N{LATIN SMALL LETTER I WITH DIAERESIS AND ACUTE}", r"$\acute{\ddot{\imath}}$"),
        ("một ẹ", r"m\d{\^{o}}t \d{e}"),
        ("\N{LATIN SMALL LETTER O WITH HORN AND ACUTE}", r"\texttt{U+1EDB}"),
        ("fine \N{LATIN SMALL LIGATURE FI}", "fine fi"),
        ("幸", r"\texttt{U+5E78}"),
        ("a\0b\x1b[1mc\u200b", "ab{[}1mc"),
    ],
)
def test_latex_sets_letters_beyond_ascii_by_commands(text, latex):
    assert escape(text) == latex


def test_latex_turns_a_wide_table(tmp_path):
    columns = make_study().columns["iemocap"] * 5
    table = make_table(tmp_path, make_study(columns={"*": columns}), [4, 2, 0])
    assert r"\begin{sidewaystable*}" in to_latex(table)


def test_latex_stacks_panels_and_goes_on_in_another_float(tmp_path):
    groups = [(group, header) for group in "abcdefghij" for header in ("Acc", "F1")]
    columns = [Column(metric="acc", header=header, group=group) for group, header in groups]
    study = make_study([f"row {number}" for number in range(16)], columns={"*": columns})
    text = to_latex(make_table(tmp_path, study, [4] * 16))
    assert text.count(r"\begin{sidewaystable*}") == 2
    assert text.count(r"\caption") == 1
    assert r"\tablename~\ref{tab:depth}, continued" in text
    printed = re.findall(r"\\multicolumn\{2\}\{c\}\{([a-j])\}", text)
    assert "".join(printed) == "abcdefghij"
    assert text.index(r"\begin{tablenotes}") > text.rindex(r"\begin{sidewaystable*}")


def test_markdown_escapes_what_would_end_a_cell(tmp_path):
    table = make_table(tmp_path, make_study(["a | b_c*"]), [0])
    assert r"| a \| b\_c\* |" in to_markdown(table)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(A1:A9)", "'@SUM(A1:A9)"),
        ("+ SEM", "'+ SEM"),
        ("- audio", "'- audio"),
        (" \t=1+1", "' \t=1+1"),
        ("\0=1", "'=1"),
        ("-0.5", "-0.5"),
        (-0.5, -0.5),
        (None, None),
        ("2-2-2-2", "2-2-2-2"),
        ("a\x1b[31m\x9bb", "a[31mb"),
    ],
)
def test_csv_cell_is_no_formula(value, cell):
    assert csv_cell(value) == cell


def test_csv_of_a_table_holds_no_formula(tmp_path):
    text = to_csv(make_table(tmp_path, make_study(["=1+1", "b"]), [4, 2]))
    assert {line["row"] for line in csv.DictReader(io.StringIO(text))} == {"'=1+1", "b"}


def test_csv_holds_fractions_and_says_so(tmp_path):
    lines = list(csv.DictReader(io.StringIO(to_csv(make_mixed_table(tmp_path)))))
    ours = next(line for line in lines if line["row"] == "1-1-1-1" and line["metric"] == "f1")
    assert 0 < float(ours["mean_fraction"]) < 1
    assert (ours["n"], ours["num_planned"]) == ("3", "3")
    printed = next(line for line in lines if line["reference"] == "le_t6/d1111/IEMOCAP.Acc")
    assert (printed["published_fraction"], printed["mean_fraction"]) == ("0.8379", "")
    missing = next(line for line in lines if line["row"] == "later")
    assert [missing[name] for name in ("mean_fraction", "std_fraction", "n")] == ["", "", "0"]
    values = [name for name in lines[0] if name.startswith(("mean", "std", "published"))]
    assert all(name.endswith("_fraction") for name in values)


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [("percent", "83.70", "0.8370"), ("percent", "5", "0.05"), ("fraction", "0.610", "0.610")],
)
def test_published_values_keep_their_digits_as_fractions(unit, text, expected):
    table = mixed_table("beside")
    printed = PublishedCell("le_t6/d1111/IEMOCAP.Acc", text, bold=False)
    cells = ((printed,),) * len(table.rows)
    block = PublishedBlock("iemocap", table.blocks[1].columns[:1], cells, unit)
    (told,) = json.loads(to_json(replace(table, blocks=(block,))))["blocks"]
    assert told["unit"] == "fraction"
    assert told["cells"][0][0]["published"] == expected


def test_json_leads_from_a_number_to_its_trials(tmp_path):
    document = json.loads(to_json(make_mixed_table(tmp_path)))
    cell = document["blocks"][0]["cells"][0][0]
    assert [score["trial"] for score in cell["scores"]] == ["0-0", "0-1", "0-2"]
    trial = document["trials"]["0-0"]
    assert trial["corpus"]["fingerprint"] == "fingerprint-of-synthetic"
    assert trial["code_version"] == "0.1.0+abc1234"


def test_json_of_ours_lacks_what_is_published_and_nothing_else():
    both, ours = (json.loads(to_json(mixed_table(variant))) for variant in ("beside", "ours"))
    both["blocks"] = [block for block in both["blocks"] if block["origin"] == "ours"]
    both["notes"] = [note for note in both["notes"] if not note.startswith("Published:")]
    for document, name, variant in ((both, "depth", "beside"), (ours, "depth-ours", "ours")):
        assert (document.pop("name"), document.pop("variant")) == (name, variant)
    assert ours.pop("caption").split(". ")[0] == both.pop("caption").split(". ")[0]
    assert ours == both


@pytest.mark.parametrize(
    ("variant", "corpus", "subtracted"),
    [
        ("minus-baseline", "synthetic", {"2-2-2-2"}),
        (
            "minus-published",
            "iemocap",
            {f"le_t6/d{d}/IEMOCAP.{m}" for d in ("1111", "2222") for m in ("Acc", "F1")},
        ),
    ],
)
def test_json_of_differences_leads_from_each_to_its_scores(variant, corpus, subtracted, tmp_path):
    ours = json.loads(to_json(make_mixed_table(tmp_path / "ours", "ours", corpus)))
    table = json.loads(to_json(make_mixed_table(tmp_path / "minus", variant, corpus)))
    (block,) = table.pop("blocks")
    expected = {"origin": "difference", "corpus": corpus, "scale": "tiny", "unit": "fraction"}
    cells = [cell for row in block.pop("cells") for cell in row]
    assert block == expected
    assert table["trials"] == ours["trials"]
    assert {cell["minus"] for cell in cells} == subtracted
    scores = {
        (cell["metric"], score["trial"]): score["score"]
        for row in ours["blocks"][0]["cells"]
        for cell in row
        for score in cell["scores"]
    }
    printed = {"IEMOCAP.Acc": ("0.8379", "0.8592"), "IEMOCAP.F1": ("0.5858", "0.6089")}
    for cell in cells:
        differences = [one["difference"] for one in cell["differences"]]
        for one in cell["differences"]:
            if variant == "minus-published":
                _, depth, column = cell["minus"].split("/")
                minus = float(printed[column][depth == "d2222"])
            else:
                minus = scores[cell["metric"], one["minus_trial"]]
            score = scores[cell["metric"], one["trial"]]
            assert one["difference"] == pytest.approx(score - minus)
        assert (cell["n"], cell["num_planned"]) == (len(differences), 3)
        if differences:
            assert cell["mean"] == pytest.approx(sum(differences) / len(differences))
