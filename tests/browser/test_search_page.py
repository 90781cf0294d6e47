"""What somebody sees in MLflow who follows the address that a search prints."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from selenium.webdriver import Chrome

from orchestrator.addresses.pages import RunPlace, run_page
from tests.browser.compare_view import BROWSER, DRIVER, browser, open_compare_view, open_curves
from tests.browser.search_page import compared_axes, shown_axes, shown_points
from tests.browser.study_page import (
    description_of,
    links_of,
    open_page,
    shown_curves,
    shown_lines,
    shows_picture,
    unfold_description,
)
from tests.mlflow_server import mlflow_server
from tests.orchestrator.tracking.factories import deliver, runs_of
from tests.orchestrator.tracking.searches.factories import (
    candidate,
    candidates_of,
    search_of,
    stopped,
    write,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs Debian's packages chromium and chromium-driver"
    ),
]

NAME = "attributes.`Run Name`"
SCORES = {0: (0.5, 1e6), 1: (0.75, 3e6), 2: (0.25, 2e6)}
"""F1 and the number of parameters, by candidate; the third is not on the front."""


@dataclass(frozen=True)
class Shown:
    """A browser, and a search for F1 and few parameters; candidate 3 was stopped early."""

    page: Chrome
    server: str
    place: RunPlace
    runs: list[str]

    def open(self, file: str = "") -> None:
        open_page(self.page, f"{self.server}/{run_page(self.place._replace(file=file))}")

    def follow(self, link: str) -> None:
        self.open()
        description_of(self.page)
        open_page(self.page, links_of(self.page)[link])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("mlflow")
    found = [
        candidate(
            number,
            f1,
            scores={"f1": f1, "parameters": parameters},
            is_best=number < 2,
            values={"head": "cls", "rate": 0.5**number} | ({"depth": 2} if number else {}),
        )
        for number, (f1, parameters) in SCORES.items()
    ]
    early = stopped(3, values={"head": "decoder", "rate": 0.1})
    result = search_of(*found, early, costs=("parameters",))
    write(folder / "storage", result)
    with mlflow_server(folder / "server") as server, browser(folder / "profile") as page:
        deliver(folder / "storage", server.uri, result)
        (run,) = runs_of(server.uri, "search")
        ids = [run.info.run_id for run in candidates_of(server.uri).values()]
        yield Shown(page, server.uri, RunPlace(run.info.experiment_id, run.info.run_id), ids)


def test_description_is_the_table_of_the_front(shown: Shown) -> None:
    shown.open()
    unfold_description(shown.page)
    text = description_of(shown.page)
    assert text.startswith("All 4 candidates: table, charts. 3 finished, 1 stopped early.")
    assert "The Pareto front, 2 of 3 finished candidates." in text
    assert "75.0" in text
    assert "|" not in text


def test_front_is_shown_inline(shown: Shown) -> None:
    shown.open("pareto.png")
    assert shows_picture(shown.page)


def test_table_has_every_candidate_the_best_first(shown: Shown) -> None:
    shown.follow("table")
    lines = shown_lines(shown.page)
    names = [line[NAME].split("\n")[-1] for line in lines]
    assert names == [f"candidate {number}" for number in (1, 0, 2, 3)]
    assert [line["tags.`state`"] for line in lines] == [*["finished"] * 3, "stopped early"]
    assert lines[-1]["tags.`stopped_at_epoch`"] == "2"
    assert lines[0]["params.`depth`"] == "2"


def test_charts_have_parallel_coordinates_of_values_and_objectives(shown: Shown) -> None:
    shown.follow("charts")
    axes = shown_axes(shown.page)
    assert set(axes) == {"head", "rate", "system", "objective_f1", "objective_parameters"}


def test_charts_have_f1_against_the_cost(shown: Shown) -> None:
    shown.follow("charts")
    assert shown_points(shown.page) == {
        f"candidate {number}": [cost, f1] for number, (f1, cost) in SCORES.items()
    }


def test_charts_have_the_curve_of_every_candidate(shown: Shown) -> None:
    shown.follow("charts")
    curves = shown_curves(shown.page, "valid_f1")
    assert {len(curve) for curve in curves.values()} == {2, 3}
    assert len(curves) == 4


def test_compare_view_has_parallel_coordinates_and_curves(shown: Shown) -> None:
    open_compare_view(shown.page, shown.server, shown.place.experiment, shown.runs)
    axes = compared_axes(shown.page)
    assert {"head", "rate", "valid_f1"} <= axes.keys()
    assert sorted(axes["rate"]) == [0.1, 0.25, 0.5, 1.0]
    assert len(open_curves(shown.page, "valid_f1")) == 4
