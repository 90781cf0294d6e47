from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.commands.show import show
from orchestrator.errors import TrialChoiceError
from orchestrator.failures.failure import TrialFailure
from orchestrator.failures.notes import notes_in
from orchestrator.failures.workplace import Workplace
from orchestrator.status.find_trial import find_trial
from orchestrator.status.trial_facts import collect_trial
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, remember
from search_spaces.change import apply_change
from search_spaces.study import ANY_CORPUS, Row, RowRef, Study
from search_spaces.trial import Trial, TrialConfig
from tests.orchestrator.factories import small_config
from tests.reports.factories import EMOTIONS, make_split, make_study, make_trial, write_trial

DEEP = {"model.fusion.depth": 3}


def plan_of(study: Study, corpus: str) -> tuple[Planned, dict[str, list[Trial]]]:
    configs = study.configs(corpus, "tiny")
    trials = {
        row: [make_trial(seed, config, corpus) for seed in range(2)]
        for row, config in configs.items()
    }
    keys = {row: tuple(trial.key for trial in of_row) for row, of_row in trials.items()}
    planned = Planned(study=study, corpus=corpus, family=corpus, scale="tiny", keys=keys)
    return planned, trials


@pytest.fixture
def study() -> Study:
    return make_study((), name="width", baseline={"tiny": {ANY_CORPUS: small_config()}}).model_copy(
        update={"rows": (Row(name="w/o depth"), Row(name="deep", change=DEEP))}
    )


@pytest.fixture
def trials(tmp_path: Path, study: Study) -> dict[str, list[Trial]]:
    """Lay a study there: of `deep` seed 0 is finished and seed 1 failed; the others are missing."""
    planned, trials = plan_of(study, "synthetic")
    remember(planned, tmp_path)
    finished, failed = trials["deep"]
    write_trial(Ledger(tmp_path), finished, make_split(0, 2))
    failure = TrialFailure(
        cause="training",
        summary="ValueError: the gate is closed",
        details="Traceback (most recent call last)",
        workplace=Workplace(host="alpha", process=7, device="cuda:0"),
        log=("the gate swings",),
    )
    notes_in(tmp_path).add(failed, RowRef("width", "deep"), failure)
    return trials


def shown(storage: Path, name: str, *options: str) -> str:
    given = [name, "--storage", str(storage), *options]
    outcome = CliRunner().invoke(show, given, catch_exceptions=False)
    assert outcome.exit_code == 0
    return outcome.output


def test_finished_trial_is_shown_with_its_difference_curves_and_circumstances(
    tmp_path: Path, trials: dict[str, list[Trial]]
) -> None:
    text = shown(tmp_path, "width/deep/0")
    words = " ".join(text.split())
    assert text.startswith(f"trial {trials['deep'][0].key}: finished\n")
    assert "Differs from row 'w/o depth' in: model.fusion.depth 3 instead of 2" in words
    assert "validation F1" in text
    assert "best epoch 1 of 1" in words
    assert "where somewhere, cpu, 1 threads, fp32" in words
    assert "model.fusion.depth 3" in words
    assert shown(tmp_path, trials["deep"][0].key[:12]) == text


def test_failed_trial_is_shown_with_traceback_log_and_cure(
    tmp_path: Path, trials: dict[str, list[Trial]]
) -> None:
    text = shown(tmp_path, "width/deep/1")
    assert ": failed\n" in text
    for part in (
        "Failed once, last at ",
        "ValueError: the gate is closed",
        "What helps: read the traceback",
        "Where: alpha, process 7, cuda:0",
        "Traceback (most recent call last)",
        "The last lines of its log:\n  the gate swings",
    ):
        assert part in text


def test_missing_trial_is_shown_with_its_config(
    tmp_path: Path, trials: dict[str, list[Trial]]
) -> None:
    text = shown(tmp_path, "width/w/o depth/1")
    assert text.startswith(f"trial {trials['w/o depth'][1].key}: missing\n")
    assert "nothing: it is that row" in text
    assert "training.max_epochs" in text


def test_facts_give_the_test_score(tmp_path: Path, trials: dict[str, list[Trial]]) -> None:
    facts = collect_trial(find_trial("width/deep/0", tmp_path), tmp_path)
    assert (facts.metric, facts.state, facts.seed) == ("f1", "finished", "0")
    assert facts.test_score is not None
    assert 0.5 < facts.test_score < 1
    assert facts.circumstances is not None
    assert len(EMOTIONS) == 3


def test_study_on_two_corpora_needs_the_corpus(
    tmp_path: Path, study: Study, trials: dict[str, list[Trial]]
) -> None:
    planned, elsewhere = plan_of(study, "mine")
    remember(planned, tmp_path)
    with pytest.raises(TrialChoiceError, match=r"names 2 trials: .*give the key, or --corpus"):
        find_trial("width/deep/0", tmp_path)
    assert find_trial("width/deep/0", tmp_path, "mine").key == elsewhere["deep"][0].key


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("width/deep/7", "this row has 2 trials, seeds from 0 on"),
        ("width/dep/0", "did you mean 'deep'. rows: w/o depth, deep"),
        ("depth/deep/0", "studies that were run there: width"),
        ("00000000", "studies that were run there: width"),
    ],
)
def test_unknown_trial_is_refused_with_what_there_is(
    tmp_path: Path, trials: dict[str, list[Trial]], name: str, choices: str
) -> None:
    with pytest.raises(TrialChoiceError, match=f"'{name}': no trial has this name.*{choices}"):
        find_trial(name, tmp_path)


def test_key_that_is_too_short_names_several(tmp_path: Path) -> None:
    for seed in range(2):
        write_trial(Ledger(tmp_path), make_trial(seed), make_split(0, 1), key=f"abcd{seed:020}")
    with pytest.raises(TrialChoiceError, match=r"names 2 trials: .*give more of the key"):
        find_trial("abcd", tmp_path)


def test_config_of_a_row_is_that_of_the_plan(study: Study) -> None:
    planned, trials = plan_of(study, "synthetic")
    changed = apply_change(small_config(), DEEP)
    assert isinstance(changed, TrialConfig)
    assert trials["deep"][0].config == changed
    assert planned.baseline == "w/o depth"
