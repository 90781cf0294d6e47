import math

import pytest
from pydantic import ValidationError

from models.configs.le import LeConfig
from models.configs.xia import XiaConfig
from search_spaces.change import apply_change
from search_spaces.identity import canonical_json
from search_spaces.training import TrainingConfig
from search_spaces.trial import KEY_DIGITS, CorpusRef, Trial, TrialConfig

CORPUS = CorpusRef(name="mine", recipe="le", fingerprint="f00d")
XIA_TRIAL = TrialConfig(model=XiaConfig())
WEIGHTS = {"text/model.safetensors": "beef"}


def make_trial(**changes: object) -> Trial:
    given = {"config": TrialConfig(), "corpus": CORPUS, "seed": 3, "weights": WEIGHTS}
    return Trial.model_validate(given | changes)


def test_key_is_the_one_under_which_records_are_kept() -> None:
    # Where this key changes, no older record is found again: see test_keys.py.
    assert make_trial().key == "7e16891cad15687f89ebc6ab"
    assert len(make_trial().key) == KEY_DIGITS


@pytest.mark.parametrize(
    "change",
    [
        {"config": TrialConfig(model=LeConfig(width=128))},
        {"config": TrialConfig(training=TrainingConfig(batch_size=16))},
        {"seed": 4},
        {"corpus": CorpusRef(name="mine", recipe="le", fingerprint="cafe")},
        {"weights": {"text/model.safetensors": "dead"}},
        {"weights": {}},
        {"streams": {"init": 4}},
    ],
    ids=["model", "training", "seed", "fingerprint", "weights", "no weights", "stream"],
)
def test_key_changes_with_what_decides_the_result(change: dict[str, object]) -> None:
    assert make_trial(**change).key != make_trial().key


def test_key_is_independent_of_names() -> None:
    renamed = CorpusRef(name="yours", recipe="le", fingerprint=CORPUS.fingerprint)
    moved = {"text/pytorch_model.bin": "beef"}
    assert make_trial(corpus=renamed, weights=moved).key == make_trial().key


def test_key_survives_json() -> None:
    trial = make_trial()
    assert Trial.model_validate_json(trial.model_dump_json()).key == trial.key


def test_equal_numbers_of_other_types_are_one_trial() -> None:
    as_int, as_float = ({"training": {"weight_decay": value}} for value in (1, 1.0))
    assert make_trial(config=as_int).key == make_trial(config=as_float).key


def test_canonical_json_has_one_form() -> None:
    assert canonical_json({"b": [1, None], "a": 0.5}) == '{"a":0.5,"b":[1,null]}'


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_canonical_json_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": value})


def test_patience_needs_a_best_epoch() -> None:
    with pytest.raises(ValidationError, match=r"patience waits .* 'best_valid_f1'"):
        TrainingConfig(patience=3, selection="last")


def test_plateau_has_no_warmup() -> None:
    with pytest.raises(ValidationError, match=r"'plateau' has no warm-up; choose warmup 0"):
        TrainingConfig(schedule="plateau", warmup=0.1)


@pytest.mark.parametrize("name", ["text", "audio", "vision"])
def test_key_does_not_hold_where_the_weights_lie(name: str) -> None:
    here, there = (apply_change(XIA_TRIAL, {f"model.{name}.weights": p}) for p in ("/a", "/b"))
    weights = {f"{name}/file": "beef"}
    assert make_trial(config=here, weights=weights).key == (
        make_trial(config=there, weights=weights).key
    )


def test_random_streams_have_the_trials_seed_or_their_own() -> None:
    trial = make_trial(streams={"order": 5})
    assert [trial.seed_of("init"), trial.seed_of("order"), trial.seed_of("dropout")] == [3, 5, 3]
    assert (trial.last_seed, trial.seed_text) == (5, "3, order 5")
    assert (make_trial().last_seed, make_trial().seed_text) == (3, "3")


def test_trial_without_streams_of_its_own_is_written_as_before() -> None:
    assert "streams" not in make_trial().model_dump()
    assert make_trial(streams={"init": 5}).model_dump()["streams"] == {"init": 5}


def test_stream_with_the_trials_seed_is_refused_so_that_it_has_one_key() -> None:
    with pytest.raises(ValidationError, match="stream 'init' has the seed 3"):
        make_trial(streams={"init": 3})
