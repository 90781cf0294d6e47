from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from corpora.preparation.known import KnownCorpus
from corpora.recipes.pictures import LE
from corpora.store.manifest import CorpusIdentity
from orchestrator.inventory.view import studies_table, study_view
from orchestrator.plan.plan import make_plan
from orchestrator.plan.view import plan_view
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import STUDIES
from search_spaces.paper_claims import claims_of
from search_spaces.printed.published import load_published
from search_spaces.study import Study
from tests.orchestrator.factories import small_study
from tests.reports.factories import make_split, write_trial

IDENTITY = CorpusIdentity(name="mine", kind="clips", fingerprint="f00d", recipe=LE)
CORPUS = KnownCorpus("mine", "clips", lambda recipe: IDENTITY)

every_study = pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)


def text_of(view: RenderableType) -> str:
    """Print as into a pipe, where no terminal tells its width."""
    console = Console(width=80, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(view)
    return capture.get()


def lines_of(view: RenderableType) -> list[list[str]]:
    return [line.split() for line in text_of(view).splitlines()]


def test_studies_are_listed_with_their_tables() -> None:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(studies_table(STUDIES.values()))
    words = " ".join(capture.get().split())
    for study in STUDIES.values():
        assert study.name in words
        assert (study.source.label if study.source else "own") in words


@every_study
def test_study_is_shown_with_every_change_printed_value_and_claim(study: Study) -> None:
    text = text_of(study_view(study))
    words = set(text.split())
    for row in study.rows:
        printed = [load_published().row(reference).values for reference in row.published]
        assert {*row.change, *(value for values in printed for value in values)} <= words
    assert {claim.id for claim in claims_of(study)} <= words
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_row_of_another_system_is_shown_as_such() -> None:
    text = text_of(study_view(STUDIES["systems"]))
    assert "another system: lf_lstm" in text


def test_row_of_the_same_system_with_its_own_baseline_shows_what_differs() -> None:
    text = " ".join(text_of(study_view(STUDIES["le-reading"])).split())  # lines are wrapped
    assert "another system" not in text
    assert "training.learning_rate = 5e-05 (scale paper)" in text
    assert "training.learning_rate = 6e-05 (scale tiny)" in text


def test_own_study_without_printed_values_is_shown() -> None:
    text = text_of(study_view(small_study()))
    assert "small: A small study (own)" in text
    assert "model.fusion.depth = 3" in text


def test_plan_counts_shared_and_finished_trials_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    studies = (STUDIES["layers"], STUDIES["components"])
    shared = make_plan(studies[0], CORPUS, "tiny", None, ledger).trials["2-2-2-2"][0]
    write_trial(ledger, shared, make_split(0, 0))
    plans = [make_plan(study, CORPUS, "tiny", None, ledger) for study in studies]
    lines = lines_of(plan_view(plans))
    assert ["layers", "mine", "tiny", "6", "5", "0", "1", "29"] in lines
    assert ["components", "mine", "tiny", "6", "5", "5", "0", "25"] in lines
    assert " ".join(lines[-1]) == (
        "60 rows x seeds are 55 trials, 5 saved by sharing: 1 finished, 54 to train"
    )


def test_plan_names_the_rows_that_share_trials(tmp_path: Path) -> None:
    plans = [
        make_plan(STUDIES[name], CORPUS, "tiny", None, Ledger(tmp_path))
        for name in ("layers", "components")
    ]
    full = "+ Transformer-based Fusion + Emotion-level Embedding"
    wanted = f"shared, trained once: layers/2-2-2-2 = components/{full} (5 seeds)"
    assert wanted in " ".join(text_of(plan_view(plans)).split())
