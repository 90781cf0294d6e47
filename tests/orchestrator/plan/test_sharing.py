from pathlib import Path

import pytest
from rich.console import Console

from corpora.preparation.known import know_corpus
from orchestrator.plan import plan as planning
from orchestrator.plan.plan import Plan, make_plan, planned_of
from orchestrator.plan.seeds import ExtraSeeds
from orchestrator.plan.sharing import Sharing, find_sharing, sharing_view
from reports.ledger.ledger import Ledger
from reports.ledger.planned import remember
from search_spaces.catalogue import STUDIES
from search_spaces.study import Study
from tests.orchestrator.factories import small_study
from tests.reports.factories import make_circumstances, make_split, write_trial


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def plan(study: Study, ledger: Ledger, num_seeds: int | None = None) -> Plan:
    return make_plan(study, know_corpus("synthetic", ledger.storage), "tiny", num_seeds, ledger)


def finish(made: Plan, row: str, ledger: Ledger, study: str) -> None:
    """Finish a row's trials as those of a study."""
    circumstances = make_circumstances(study=study)
    for trial in made.trials[row]:
        write_trial(ledger, trial, make_split(0, 0), circumstances=circumstances)


def text_of(sharing: Sharing) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(sharing_view(sharing))
    return capture.get()


def test_other_built_in_studies_get_what_they_have_in_common(ledger: Ledger) -> None:
    """The full model of `layers` is also a row of four other studies."""
    sharing = find_sharing([plan(STUDIES["layers"], ledger)], ledger)
    assert sharing.also_gives == {
        "main": (5, 45),
        "components": (5, 30),
        "le-reading": (5, 65),
        "systems": (5, 50),
        "controls": (5, 20),
    }


def test_counts_are_those_of_common_keys(ledger: Ledger) -> None:
    plans = {name: plan(study, ledger, num_seeds=3) for name, study in STUDIES.items()}
    whole = {name: set(plan(study, ledger).by_key) for name, study in STUDIES.items()}
    for name, made in plans.items():
        common = {other: len(set(made.by_key) & keys) for other, keys in whole.items()}
        assert find_sharing([made], ledger).also_gives == {
            other: (number, len(whole[other]))
            for other, number in common.items()
            if number and other != name
        }


def test_studies_that_are_planned_too_are_not_others(ledger: Ledger) -> None:
    plans = [plan(STUDIES[name], ledger) for name in ("layers", "components")]
    also_gives = find_sharing(plans, ledger).also_gives
    assert set(also_gives) == {"main", "le-reading", "systems", "fusions", "controls"}


def test_what_was_planned_before_counts_as_it_was_planned(ledger: Ledger) -> None:
    """Three seeds of `main`, and a study of a user."""
    own = STUDIES["layers"].model_copy(update={"name": "own", "claims": ()})
    for study, num_seeds in ((STUDIES["main"], 3), (own, 4)):
        remember(planned_of(plan(study, ledger, num_seeds), ()), ledger.storage)
    also_gives = find_sharing([plan(STUDIES["layers"], ledger)], ledger).also_gives
    assert (also_gives["main"], also_gives["own"]) == ((3, 27), (24, 24))


def test_plans_on_other_corpora_have_nothing_in_common(ledger: Ledger) -> None:
    kept = planned_of(plan(small_study(), ledger), ())
    remember(kept.model_copy(update={"corpus": "mine"}), ledger.storage)
    own = small_study().model_copy(update={"name": "own"})
    assert find_sharing([plan(own, ledger)], ledger) == Sharing({}, {})


def test_finished_trials_are_told_by_the_study_that_they_were_trained_for(ledger: Ledger) -> None:
    before = plan(STUDIES["layers"], ledger, num_seeds=3)
    finish(before, "2-2-2-2", ledger, "main")
    finish(before, "1-1-1-1", ledger, "layers")
    sharing = find_sharing([plan(STUDIES["layers"], ledger, num_seeds=3)], ledger)
    assert sharing == Sharing(trained_for={"main": 3}, also_gives={})


def test_weights_that_no_plan_needs_are_not_looked_for(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan(STUDIES["layers"], ledger)
    monkeypatch.setattr(planning, "weights_sha256", None)
    assert find_sharing([made], ledger).also_gives


def test_sharing_is_shown_in_a_line_each() -> None:
    text = text_of(Sharing({"main": 3, "layers": 4}, {"modules": (3, 20), "sota": (5, 50)}))
    assert text.splitlines() == [
        "finished trials that were trained for other studies: 3 for main, 4 for layers",
        "training these also gives trials of other studies: 3 of 20 of modules, 5 of 50 of sota",
    ]


def test_nothing_is_said_where_nothing_is_shared() -> None:
    assert text_of(Sharing({}, {})) == ""


def test_varied_trials_are_those_of_no_other_study(ledger: Ledger) -> None:
    corpus, study = know_corpus("synthetic", ledger.storage), STUDIES["layers"]
    varied = make_plan(study, corpus, "tiny", ExtraSeeds(varied=("init",)), ledger)
    plain = plan(study, ledger)
    assert len(varied.missing) == len(plain.missing) + 4
    assert find_sharing([varied], ledger) == find_sharing([plain], ledger)
