from pathlib import Path

from reports.document.assemble import group_by_study
from reports.document.content import Place, Report
from reports.document.files import write_html, write_twins
from reports.document.latex import to_latex
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, read_planned, remember
from search_spaces.catalogue import find_study
from search_spaces.study import RowRef
from tests.reports.document.factories import (
    assemble_report,
    make_own_study,
    write_own_study,
    write_study,
)
from tests.reports.factories import make_split, make_study, make_trial, write_trial

COMPONENTS_FULL = "+ Transformer-based Fusion + Emotion-level Embedding"


def test_studies_hold_all_their_corpora(made: Report) -> None:
    assert [chapter.name for chapter in made.chapters] == ["depth", "never", "own"]
    depth = made.chapters[0]
    assert [(p.place, p.num_finished, p.num_planned) for p in depth.progress] == [
        (Place("iemocap", "tiny"), 8, 9),
        (Place("synthetic", "tiny"), 5, 6),
    ]
    assert [table.variant for table in depth.tables] == [
        *("beside", "ours", "minus-published", "minus-baseline"),
    ]
    assert {path.parent.name for p in depth.pictures for path in p.files.values()} == {
        *("iemocap-tiny", "synthetic-tiny"),
    }


def test_trials_are_listed_by_place_and_row(made: Report) -> None:
    places = made.trials_by_place
    assert list(places) == [Place("iemocap", "tiny"), Place("synthetic", "tiny")]
    two = places[Place("iemocap", "tiny")][RowRef("depth", "2-2-2-2")]
    assert [record.trial.seed for record in two] == [0, 2]
    assert places[Place("synthetic", "tiny")][RowRef("never", "a")] == ()


def test_changed_study_is_another_one_with_a_name_of_its_own(tmp_path: Path) -> None:
    study = make_study(["1-1-1-1"])
    changed = study.model_copy(update={"title": "Depth, again"})
    write_study(tmp_path, study, {"1-1-1-1": [4]}, corpus="iemocap")
    write_study(tmp_path, changed, {"1-1-1-1": [4]})
    groups = group_by_study(read_planned(Ledger(tmp_path)))
    assert [(name, plans[0].study.title) for name, plans in groups] == [
        ("depth", "Depth of the model"),
        ("depth-2", "Depth, again"),
    ]
    second = assemble_report(tmp_path).chapters[1]
    assert [table.label for table in second.tables] == [
        *("tab:depth-2", "tab:depth-2-ours", "tab:depth-2-minus-baseline"),
    ]


def test_names_that_are_one_as_file_names_are_told_apart(tmp_path: Path) -> None:
    for name in ("my-own", "my_own"):
        write_study(tmp_path, make_own_study(name), {})
    groups = group_by_study(read_planned(Ledger(tmp_path)))
    assert [name for name, _ in groups] == ["my-own", "my-own-2"]


def test_every_table_and_verdict_has_its_twins(made: Report, tmp_path: Path) -> None:
    write_twins(made, tmp_path)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(written) == (4 + 2 + 2) * 6 + 5
    assert {
        "tables/depth/depth-minus-published.tex",
        "tables/depth/depth-minus-published.plain.tex",
        "tables/never/never.csv",
        "verdicts/own-verdicts.json",
    } <= written


def test_equal_records_give_equal_files(tmp_path: Path) -> None:
    write_own_study(tmp_path)
    folders = [tmp_path / "one", tmp_path / "two"]
    reports = [assemble_report(tmp_path, folder) for folder in folders]
    for report, folder in zip(reports, folders, strict=True):
        write_html(report, folder)
        write_twins(report, folder)
    files = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}
        for folder in folders
    ]
    assert files[0] == files[1]
    assert to_latex(reports[0]) == to_latex(reports[1])


def test_row_of_a_built_in_study_has_the_trials_of_its_equal(tmp_path: Path) -> None:
    layers, row = find_study("layers"), RowRef("components", COMPONENTS_FULL)
    config = layers.configs("synthetic", "tiny")["2-2-2-2"]
    record = write_trial(Ledger(tmp_path), make_trial(0, config), make_split(0, 1), key="full")
    keys = {name.name: () for name in layers.rows} | {"2-2-2-2": ("full",)}
    given = {"corpus": "synthetic", "family": "synthetic", "scale": "tiny"}
    remember(Planned(study=layers, keys=keys, **given), tmp_path)
    (rows,) = assemble_report(tmp_path).trials_by_place.values()
    assert rows[RowRef("layers", "2-2-2-2")] == rows[row] == (record,)
