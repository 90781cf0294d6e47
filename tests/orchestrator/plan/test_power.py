from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from corpora.preparation.known import SYNTHETIC_RECIPES, KnownCorpus
from corpora.store.manifest import CorpusIdentity
from orchestrator.plan.plan import Plan
from orchestrator.plan.power import claims_view
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import COLLECTIONS, STUDIES
from search_spaces.claim import greater, same
from search_spaces.study import Study
from search_spaces.terms import Scale
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_study
from tests.reports.factories import make_split, write_trial

PAGE = Path(__file__).parents[3] / "docs" / "power.md"


def plan(study: Study, corpus: str = "iemocap", scale: Scale = "paper") -> Plan:
    """Plan a study on a corpus and with weights that need not be there."""

    def identify(recipe: str) -> CorpusIdentity:
        settings = SYNTHETIC_RECIPES[recipe]
        return CorpusIdentity(name=corpus, kind=corpus, fingerprint="f00d", recipe=settings)

    reference = CorpusRef(name=corpus, recipe="le", fingerprint="f00d")
    trials = {
        row: tuple(Trial(config=config, corpus=reference, seed=seed) for seed in study.seeds)
        for row, config in study.configs(corpus, scale).items()
    }
    return Plan(study, KnownCorpus(corpus, corpus, identify), scale, trials, {})


def text_of(view: RenderableType) -> str:
    console = Console(width=80, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(view)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def words_of(view: RenderableType) -> str:
    return " ".join(text_of(view).split())


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_claims_of_one_study_are_shown_as_in_the_documentation(ledger: Ledger) -> None:
    example = PAGE.read_text(encoding="utf-8").split("```text\n")[1].split("\n```")[0]
    assert text_of(claims_view([plan(STUDIES["modules"])], ledger)) == example


def test_printed_gap_below_zero_is_explained(ledger: Ledger) -> None:
    text = words_of(claims_view([plan(STUDIES["layers"])], ledger))
    assert "-0.99 1.13? 0 0.14 12 2.32 0.00" in text
    assert "[hangs on 2-2-2-2 > 1-1-2-2]" in text
    assert "to find that the claim FAILS" in text


def test_adaptive_seeds_are_told_with_their_last_look(ledger: Ledger) -> None:
    text = words_of(claims_view([plan(STUDIES["modules"])], ledger, (3, 5, 7, 10)))
    assert "can be decided with 10 seeds (power 0.8 or more)" in text
    assert "at the last look" in text


def test_claim_without_a_printed_gap_shows_what_the_seeds_find(ledger: Ledger) -> None:
    claim = greater("own", "deep is better", "deep", "shallow", corpus="mine", metric="f1")
    study = small_study(num_seeds=5).model_copy(update={"claims": (claim,)})
    lines = text_of(claims_view([plan(study, "mine", "tiny")], ledger)).splitlines()
    assert " ".join(lines[:2]) == (
        "small: of 1 claim none can be decided with 5 seeds (power 0.8 or more), 1 without a "
        "printed gap"
    )
    row = next(line.split() for line in lines if line.startswith("own"))
    # d_z 1.682 of five seeds at .025, times 1.131 points
    assert row[-7:] == ["\N{EN DASH}", "1.13?", "0", "\N{EN DASH}", "\N{EN DASH}", "1.90", "0.00"]


def test_claim_without_a_margin_cannot_be_shown_to_be_equivalent(ledger: Ledger) -> None:
    claim = greater(
        "own", "deep is better", "deep", "shallow", corpus="mine", metric="f1", margin=0.0
    )
    study = small_study(num_seeds=5).model_copy(update={"claims": (claim,)})
    lines = text_of(claims_view([plan(study, "mine", "tiny")], ledger)).splitlines()
    (row,) = (line.split() for line in lines if line.startswith("own"))
    assert row[-2:] == ["1.90", "\N{EN DASH}"]


def test_claim_of_sameness_shows_the_smallest_margin_that_the_seeds_find(ledger: Ledger) -> None:
    claim = same("own", "deep adds nothing", "deep", "shallow", corpus="mine", metric="f1")
    study = small_study(num_seeds=5).model_copy(update={"claims": (claim,)})
    text = words_of(claims_view([plan(study, "mine", "tiny")], ledger))
    # at a margin of half a point; 1.939 standard deviations of 1.131 points
    assert "+0.00 1.13? 0 0.00 56 2.19 0.00" in text
    assert "or the smallest margin around a gap of 0" in text


def test_spread_of_finished_trials_is_shown_with_their_number(ledger: Ledger) -> None:
    """Differences of 0, 5 and 10 points: std 5, pooled 2.36 and, filled up to ten by that, 3.15."""
    claim = greater("own", "deep is better", "deep", "shallow", corpus="mine", metric="acc")
    study = small_study(num_seeds=3).model_copy(update={"claims": (claim,)})
    planned = plan(study, "mine", "tiny")
    for row, wrong in {"deep": [4, 4, 4], "shallow": [4, 5, 6]}.items():
        for trial, num_wrong in zip(planned.trials[row], wrong, strict=True):
            write_trial(ledger, trial, make_split(trial.seed, num_wrong))
    text = words_of(claims_view([planned], ledger))
    assert " 3.15~ 3 " in text
    assert "~ pooled over this study's finished trials" in text


def test_several_studies_are_counted(ledger: Ledger) -> None:
    plans = [plan(STUDIES[name]) for name in ("sota", "modules")]
    text = text_of(claims_view(plans, ledger))
    lines = [line.split() for line in text.splitlines()]
    assert " ".join(lines[0]) == "claims of all decidable too weak no gap no test not here"
    assert ["sota", "9", "2", "0", "0", "1", "6"] in lines
    assert ["modules", "12", "1", "5", "0", "2", "4"] in lines
    assert "plan one study alone" in " ".join(text.split())
    assert "X06a" not in text


def test_claims_elsewhere_take_two_lines(ledger: Ledger) -> None:
    plans = [plan(study, "mine", "tiny") for study in COLLECTIONS["le2023"]]
    assert text_of(claims_view(plans, ledger)).splitlines()[-4:-2] == [
        "33 claims not judged here: no trials on IEMOCAP at the paper scale; no trials on",
        "CMU-MOSEI at the paper scale.",
    ]


def test_what_the_seeds_find_is_told_of_own_clips(ledger: Ledger) -> None:
    """The papers print no gap there. 3.1 points: four questions share .025, as in `modules`."""
    text = words_of(claims_view([plan(STUDIES["components"], "mine", "tiny")], ledger))
    assert "components: of 17 claims none can be decided with 5 seeds" in text
    assert "4 without a printed gap, 13 not judged here" in text
    assert "L07 here on mine: 'Early Fusion'" in text


def test_nothing_is_said_of_studies_without_claims(ledger: Ledger) -> None:
    assert text_of(claims_view([plan(small_study(), "synthetic", "tiny")], ledger)) == ""
