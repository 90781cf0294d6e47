"""Tables as papers print them, turned into files of printed values."""

from pathlib import Path

import pytest

from search_spaces.errors import PublishedError
from search_spaces.printed.draft import CHECK, draft
from search_spaces.printed.grid import read_grid
from search_spaces.printed.published import PublishedTable
from search_spaces.printed.read import read_published

LATEX = r"""
\begin{table}
\begin{tabular*}{\textwidth}{@{\extracolsep{\fill}}ll *{4}{c}@{}}  % two columns of text
\toprule
\multirow{2}{*}{Model} & Extra & \multicolumn{2}{c}{Happy} & \multicolumn{2}{c}{\textbf{Sad}} \\
\cmidrule(lr){3-4} \cmidrule(lr){5-6}
 & & Acc & F1 (\%) & Acc & F1 \\
\midrule
\multirow{2}{*}{Late fusion~\cite{a,b}} & \checkmark & 88.0 & 62.5$\pm$0.3 & 81.5 & {57.5} \\
 & -- & \textbf{89.5} & 67.7 & $\mathbf{82.1}$ & \underline{65.2} \\[2pt]
\hline
R\&D net & & .7 & n/a & 12\% & see \cite{c} \\ \bottomrule
\end{tabular*}
\end{table}
"""

CSV = """Model,IEMOCAP Acc,IEMOCAP F1,MOSEI F1
plain,0.81,0.61,
"gated, wide",**0.82**,0.6,0.47 (0.01)
"""


def read(folder: Path, name: str, content: str) -> tuple[PublishedTable, str]:
    source = folder / name
    source.write_text(content, encoding="utf-8")
    made = draft(read_grid(source), source.stem, source.name)
    (folder / "made.yaml").write_text(made.text, encoding="utf-8")
    (table,) = read_published(folder / "made.yaml").tables.values()
    assert (made.num_rows, made.num_columns) == (len(table.rows), len(table.columns))
    assert made.num_marks == sum(CHECK in line for line in made.text.splitlines())
    return table, made.text


def test_latex_table_is_read(tmp_path: Path) -> None:
    table, text = read(tmp_path, "main.tex", LATEX)
    assert table.columns == ("Happy.Acc", "Happy.F1", "Sad.Acc", "Sad.F1")
    assert table.unit == "percent"
    assert [(row.id, row.values, row.bold) for row in table.rows] == [
        ("late_fusion", ("88.0", "62.5", "81.5", "57.5"), ()),
        ("late_fusion_2", ("89.5", "67.7", "82.1", "65.2"), (0, 2)),
        ("r_d_net", ("0.7", "-", "12", "-"), ()),
    ]
    assert table.rows[2].name == "R&D net"
    unsure = [line for line in text.splitlines() if "id:" in line and CHECK in line]
    assert [line.partition(CHECK)[2] for line in unsure] == [
        "Happy.F1 says '62.5±0.3'",
        "Sad.F1 says 'see'",
    ]


def test_arrow_down_says_that_lower_is_better(tmp_path: Path) -> None:
    head = r"Model & MAE ($\downarrow$) & Corr$\uparrow$ & Acc-7 \\"
    latex = rf"\begin{{tabular}}{{lccc}} {head} \hline a & 0.71 & 0.80 & 46.1 \\ \end{{tabular}}"
    _, text = read(tmp_path, "main.tex", latex)
    assert "columns: [MAE, Corr, Acc-7]" in text
    assert "    lower_is_better: [MAE]  # check: by the arrow down\n" in text


def test_csv_is_read(tmp_path: Path) -> None:
    table, text = read(tmp_path, "parts.csv", CSV)
    assert table.columns == ("IEMOCAP.Acc", "IEMOCAP.F1", "MOSEI.F1")
    assert table.unit == "fraction"
    assert [(row.id, row.values, row.bold) for row in table.rows] == [
        ("plain", ("0.81", "0.61", "-"), ()),
        ("gated_wide", ("0.82", "0.6", "0.47"), (0,)),
    ]
    assert "MOSEI.F1 says '0.47 (0.01)'" in text


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_of_a_spreadsheet_is_read(tmp_path: Path, delimiter: str) -> None:
    content = "\ufeffModel,happy F1\nplain,61\n".replace(",", delimiter)
    table, _ = read(tmp_path, "sheet.csv", content)
    assert (table.columns, table.unit) == (("happy.F1",), "percent")


def test_header_without_a_metric_is_marked(tmp_path: Path) -> None:
    _, text = read(tmp_path, "short.csv", "Model,F1,F1\na,300,2\n")
    assert f"columns: [F1, F1_2]  {CHECK}F1, F1_2: write Emotion.Metric" in text
    assert "unit: count" in text


def test_table_of_counts_is_read(tmp_path: Path) -> None:
    content = "\\begin{tabular}{lr}\nSplit & all \\\\\n\\hline\ntest & 200 \\\\\n\\end{tabular}"
    table, _ = read(tmp_path, "sizes.tex", content)
    assert (table.columns, table.rows[0].values) == (("all",), ("200",))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tex", "no table", "has no tabular"),
        ("a.tex", "\\begin{tabular}{l}\\end{tabular}", "needs a line of headers"),
        ("a.csv", "Model,F1\n", "needs a line of headers and a line of numbers"),
        ("a.csv", "", "needs a line of headers"),
        ("a.xlsx", "Model", "'.xlsx' is no table; give a .csv or a .tex file"),
    ],
)
def test_file_without_a_table_is_refused(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    with pytest.raises(PublishedError, match=message):
        read_grid(file)


def test_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublishedError, match="cannot be read"):
        read_grid(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("Modèle,F1\n".encode("latin-1"))
    with pytest.raises(PublishedError, match="is not UTF-8"):
        read_grid(tmp_path / "latin.csv")


def test_cell_spans_no_more_columns_than_a_table_has(tmp_path: Path) -> None:
    """Else few letters would fill the memory."""
    source = tmp_path / "a.tex"
    for number in ("999999999", "\N{SUPERSCRIPT TWO}"):
        spans = rf"\multicolumn{{{number}}}{{c}}{{Happy}}"
        source.write_text(
            rf"\begin{{tabular}}{{ll}}Model & {spans} \\ a & 1.5 \\\end{{tabular}}",
            encoding="utf-8",
        )
        assert len(read_grid(source).header[0]) == 2
    nested = r"\multicolumn{2}{c}{" * 400 + "F1" + "}" * 400
    source.write_text(rf"\begin{{tabular}}{{ll}}a & {nested} \\ b & 1 & 2 \\\end{{tabular}}")
    assert len(read_grid(source).header[0]) == 3


def test_cell_that_is_too_long_for_a_csv_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"Model,F1\n{'a' * 200_000},1\n", encoding="utf-8")
    with pytest.raises(PublishedError, match="line 2: is no CSV: field larger than field limit"):
        read_grid(tmp_path / "a.csv")
