import pytest

from reports.figures.draw import draw_figures
from reports.figures.style import write_drawing
from reports.ledger.ledger import Ledger
from reports.scores.trials import TrialScores
from search_spaces.catalogue import STUDIES
from search_spaces.study import ANY_CORPUS, Column, Row
from tests.reports.factories import collect, make_study, write_rows

ODD_NAMES = ["$a_b$ 50 %", "_private", "a rather long name of one single row {x} & \\y"]


def draw(storage, study, num_seeds=2, **given):
    ledger = Ledger(storage)
    keys = write_rows(ledger, study, [n % 5 for n in range(len(study.rows))], num_seeds)
    return draw_figures(study, collect(study, keys, ledger, **given), TrialScores(ledger))


def kinds(study, drawings):
    return [drawing.name.removeprefix(f"{study.name}-") for drawing in drawings]


def test_equal_records_give_equal_bytes_whatever_the_names(tmp_path) -> None:
    study = make_study(
        rows=[
            Row(name=name, change=dict.fromkeys(["model.audio.depth", "model.vision.depth"], n + 1))
            for n, name in enumerate(ODD_NAMES)
        ],
        columns={ANY_CORPUS: (Column(metric="f1", header="$F_1$ $"),)},
    )
    written = []
    for time in ("first", "second"):
        drawings = draw(tmp_path / time, study)
        assert kinds(study, drawings) == ["bars", "depths", "forest", "curves"]
        paths = [path for d in drawings for path in write_drawing(d, tmp_path / time).values()]
        written.append({path.name: path.read_bytes() for path in paths})
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("names", "num_seeds", "expected"),
    [
        (["a", "b", "c"], 2, ["bars", "lines", "forest", "curves"]),
        (["a", "b", "c"], 1, ["bars", "lines", "forest", "curves"]),
        (["a"], 2, ["bars", "curves"]),
    ],
)
def test_what_makes_sense_is_drawn(tmp_path, names, num_seeds, expected) -> None:
    study = make_study(names)
    assert kinds(study, draw(tmp_path, study, num_seeds)) == expected


SPECIAL = {
    "sem": ["lines"],
    "bottlenecks": ["lines"],
    "layers": ["depths"],
    "components": ["waterfall"],
    "controls": ["waterfall"],
    "modules": ["waterfall"],
}


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_every_study_is_drawn(tmp_path, study) -> None:
    special = SPECIAL.get(study.name, [])
    drawings = draw(tmp_path, study, num_seeds=1, corpus="iemocap", scale="paper")
    assert kinds(study, drawings) == ["bars", *special, "forest", "curves"]
    assert all(drawing.caption.startswith(study.title) for drawing in drawings)


def test_nothing_is_drawn_before_a_trial_is_finished(tmp_path) -> None:
    study, ledger = STUDIES["sem"], Ledger(tmp_path)
    outcome = collect(study, {row.name: ("missing",) for row in study.rows}, ledger)
    assert draw_figures(study, outcome, TrialScores(ledger)) == []
