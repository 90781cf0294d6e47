"""What somebody sees in MLflow who follows the address that a sweep prints."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from selenium.webdriver import Chrome

from orchestrator.addresses.pages import RunPlace, run_page
from tests.browser.compare_view import BROWSER, DRIVER, browser
from tests.browser.study_page import (
    description_of,
    links_of,
    open_page,
    shown_curves,
    shown_lines,
    shows_picture,
    text_of_html,
    unfold_description,
)
from tests.mlflow_server import mlflow_server
from tests.orchestrator.tracking.factories import deliver, record_study, runs_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (BROWSER and DRIVER), reason="needs Debian's packages chromium and chromium-driver"
    ),
]

NAME = "attributes.`Run Name`"


@dataclass(frozen=True)
class Shown:
    """A browser, and a study of which the first two rows stand below another study."""

    page: Chrome
    server: str
    experiment: str
    run: str
    means: dict[str, float]

    def open(self, file: str = "") -> None:
        place = RunPlace(self.experiment, self.run, file)
        open_page(self.page, f"{self.server}/{run_page(place)}")

    def follow(self, link: str) -> None:
        self.open()
        description_of(self.page)
        open_page(self.page, links_of(self.page)[link])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("mlflow")
    first, _, _ = record_study(folder / "storage", "shallow", "deep", name="first")
    second, _, _ = record_study(folder / "storage", "flat", "2 layers", "3 layers", name="second")
    with mlflow_server(folder / "server") as server, browser(folder / "profile") as page:
        deliver(folder / "storage", server.uri, first, second)
        (run,) = (run for run in runs_of(server.uri, "study") if run.info.run_name[0] == "s")
        means = {name: run.data.metrics[f"{name}/test_f1_mean"] for name in ("flat", "3 layers")}
        yield Shown(page, server.uri, run.info.experiment_id, run.info.run_id, means)


def test_page_shows_table_and_verdicts(shown: Shown) -> None:
    shown.open("results.html")
    text = text_of_html(shown.page)
    assert f"{100 * shown.means['3 layers']:.1f}" in text
    assert text.index("2 layers") < text.index("the deeper one is better")


def test_figure_is_shown_inline(shown: Shown) -> None:
    shown.open("figures/second-curves.png")
    assert shows_picture(shown.page)


def test_description_is_the_table(shown: Shown) -> None:
    shown.open()
    unfold_description(shown.page)
    text = description_of(shown.page)
    assert text.startswith("All 6 trials: by row, curves by row, curves of each. 4 of them stand")
    assert f"{100 * shown.means['flat']:.1f}" in text
    assert "the deeper one is better" in text
    assert "|" not in text


def test_view_has_every_trial_below_the_mean_of_its_row(shown: Shown) -> None:
    shown.follow("by row")
    lines = shown_lines(shown.page)
    groups = [line for line in lines if "Group:" in line[NAME]]
    assert len(lines) == 9
    assert {line[NAME].partition("Group: ")[2].split("\n")[0] for line in groups} == {
        "flat",
        "2 layers",
        "3 layers",
    }
    means = [float(line["metrics.`test_f1`"].split()[0]) for line in groups]
    assert all(mean in [pytest.approx(m) for m in means] for mean in shown.means.values())
    assert {line["params.`model.audio.depth`"] for line in lines} == {"1", "2", "3"}
    trials = {line[NAME].split("\n")[-1] for line in lines if line not in groups}
    assert trials == {f"s{n} {row}" for n in (0, 1) for row in ("shallow", "deep", "3 layers")}


def test_view_draws_the_curve_of_every_trial(shown: Shown) -> None:
    shown.follow("curves of each")
    curves = shown_curves(shown.page, "valid_f1")
    names = {f"s{n} {row}" for n in (0, 1) for row in ("shallow", "deep", "3 layers")}
    assert curves == dict.fromkeys(names, pytest.approx([0.5, 0.6, 0.7]))


def test_view_draws_the_mean_of_every_row(shown: Shown) -> None:
    shown.follow("curves by row")
    assert shown_curves(shown.page, "valid_f1").keys() == {"flat", "2 layers", "3 layers"}
