"""Reports of studies on corpora of classes and of numbers."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reports.document.content import Report
from reports.document.files import write_html
from reports.document.latex import to_latex
from reports.ledger.floor_file import write_floor
from reports.ledger.planned import Planned, remember
from search_spaces.claim import better
from search_spaces.study import ANY_CORPUS, Column
from tests.reports.document.factories import assemble_report
from tests.reports.factories import make_study
from tests.reports.floor_factory import make_linear
from tests.reports.scores.task_factory import (
    CLASSES,
    predict_classes,
    predict_numbers,
    write_errors,
    write_task_trial,
)

ROWS = ("a", "b", "c")


def report_of(
    storage: Path, columns: Mapping[str, str], keys: dict[str, tuple[str, ...]], metric: str
) -> Report:
    study = make_study(
        ROWS,
        columns={ANY_CORPUS: tuple(Column(metric=m, header=h) for m, h in columns.items())},
        source=None,
        claims=(better("A", "b beats a", "b", "a", corpus="synthetic", metric=metric),),
    )
    place = {"corpus": "synthetic", "family": "synthetic", "scale": "tiny"}
    remember(Planned.model_validate({"study": study, "keys": keys, **place}), storage)
    return assemble_report(storage)


@pytest.fixture
def numbers(tmp_path: Path) -> Report:
    keys = write_errors(tmp_path, {"a": [1.5, 1.6, 1.4], "b": [0.5, 0.6, 0.4], "c": [3, 3, 3]})
    split = predict_numbers(error=1.0)
    floor = make_linear(split, split, emotions=("valence",), task="regression")
    write_floor(tmp_path, floor)
    columns = {"mae": "MAE", "pearson": "r", "ccc": "CCC", "acc2_positive": "Acc-2"}
    return report_of(tmp_path, columns, keys, "mae")


@pytest.fixture
def classes(tmp_path: Path) -> Report:
    keys = {}
    for number, row in enumerate(ROWS):
        keys[row] = tuple(f"{number}-{seed}" for seed in range(3))
        for seed, key in enumerate(keys[row]):
            test = predict_classes(seed + 10 * number, skill=1 + 2.0 * number)
            write_task_trial(tmp_path, test, "multiclass", key, seed)
    split = predict_classes()
    write_floor(tmp_path, make_linear(split, split, emotions=CLASSES, task="multiclass"))
    return report_of(tmp_path, {"acc": "Acc", "uar": "UAR", "f1": "F1"}, keys, "uar")


def test_report_of_numbers_has_tables_figures_verdicts_and_floors(
    numbers: Report, tmp_path: Path
) -> None:
    (chapter,) = numbers.chapters
    table = chapter.tables[0]
    assert "averaged over the targets, in percent, but MAE, r, CCC as they are" in table.caption
    assert any("ridge regression of each target" in note for note in table.notes)
    floors = table.blocks[0].floors  # type: ignore[union-attr]
    assert floors[1][0] == pytest.approx(1.0)
    assert floors[0][1] is None  # a constant has no correlation
    (judged,) = chapter.judged
    assert (judged.verdict, judged.beyond) == ("HOLDS", "HOLDS")
    drawn = {path.stem for picture in chapter.pictures for path in picture.files.values()}
    assert {"depth-bars", "depth-forest"} <= drawn
    assert numbers.trials[0].texts[6].startswith("CCC 0.")
    page = write_html(numbers, tmp_path / "out").read_text(encoding="utf-8")
    assert "Lower is better: MAE" in page
    assert "nan" not in to_latex(numbers)


def test_report_of_classes_is_by_the_given_class(classes: Report, tmp_path: Path) -> None:
    (chapter,) = classes.chapters
    table = chapter.tables[0]
    assert any("logistic regression of the classes" in note for note in table.notes)
    chance = table.blocks[0].floors[0]  # type: ignore[union-attr]
    assert chance[0] == pytest.approx(14 / 40)  # the first class has 14 of 40 utterances
    assert chance[1] == pytest.approx(1 / 3)
    (judged,) = chapter.judged
    assert judged.reason.startswith("gap +")
    assert judged.beyond is not None
    assert write_html(classes, tmp_path / "out").is_file()
