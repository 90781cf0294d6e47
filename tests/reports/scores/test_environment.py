import pytest

from reports.document.words import describe_mixture, describe_training
from reports.ledger.record import Record
from reports.scores.environment import ABSENT, count_facts, describe_environment
from search_spaces.trial import Trial
from tests.reports.factories import make_circumstances, make_record, make_trial


def make_records() -> list[Record]:
    circumstances = [
        make_circumstances(wall_s=1800.0, recipe={"name": "le", "spectrogram": {"num_mels": 64}}),
        make_circumstances(wall_s=900.0, device="a GPU", started_at="2025-01-03T00:00:00+00:00"),
        make_circumstances(wall_s=900.0, libraries={"torch": "2"}, resumed_from_epochs=(3,)),
    ]
    corpora = ("mine", "mine", "other")
    return [
        make_record(make_trial(corpus=corpus), circumstances=one)
        for corpus, one in zip(corpora, circumstances, strict=True)
    ]


def test_facts_are_counted_the_commonest_first() -> None:
    facts = {fact.name: fact.values for fact in describe_environment(make_records()).facts}
    assert facts["device"] == (("cpu", 2), ("a GPU", 1))
    assert facts["precision"] == (("fp32", 3),)
    assert facts["numpy"] == (("2.4.6", 2), (ABSENT, 1))


def test_mixtures_are_said_plainly() -> None:
    mixed = [describe_mixture(fact) for fact in describe_environment(make_records()).mixed]
    assert mixed[0] == "Trials differ in device: cpu (2 trials), a GPU (1 trial)."
    assert len(mixed) == 3


def test_corpora_are_named_with_recipe_and_settings() -> None:
    mine, other = describe_environment(make_records()).corpora
    assert (mine.corpus.name, mine.corpus.fingerprint) == ("mine", "fingerprint-of-mine")
    assert (mine.num_trials, other.num_trials) == (2, 1)
    assert mine.settings == {"name": "le", "spectrogram.num_mels": "64"}


def test_weights_are_listed() -> None:
    trial = make_trial()
    weighted = Trial.model_validate(trial.model_dump() | {"weights": {"albert": "123"}})
    assert describe_environment([make_record(weighted)]).weights == {"albert": "123"}


def test_hours_add_up_and_the_newest_trial_is_named() -> None:
    environment = describe_environment(make_records())
    assert environment.hours == pytest.approx(1.0)
    assert environment.newest == "2025-01-03T00:00:00+00:00"
    assert describe_training(environment) == (
        "3 trials took 1.00 hours in all. 1 trial went on after an interruption."
    )


def test_host_is_nobodys_business() -> None:
    assert "somewhere" not in str(describe_environment(make_records()))


def test_algorithms_are_a_fact_where_a_trial_was_deterministic() -> None:
    usual = make_record(make_trial(0))
    deterministic = make_record(
        make_trial(1), circumstances=make_circumstances(is_deterministic=True)
    )
    (fact,) = describe_environment([usual, deterministic]).mixed
    assert fact.name == "algorithms"
    assert dict(fact.values) == {"the fastest": 1, "deterministic": 1}
    (alone,) = [fact for fact in count_facts([deterministic]) if fact.name == "algorithms"]
    assert alone.values == (("deterministic", 1),)
    assert "algorithms" not in [fact.name for fact in count_facts([usual])]


def test_nothing_has_no_circumstances() -> None:
    environment = describe_environment([])
    assert environment.num_trials == environment.hours == 0
    assert [fact.values for fact in environment.facts] == [()] * 4


def test_facts_that_are_equally_common_are_in_the_order_of_their_names() -> None:
    devices = ("b", "c", "a", "c")
    records = [
        make_record(make_trial(seed), circumstances=make_circumstances(device=device))
        for seed, device in enumerate(devices)
    ]
    facts = {fact.name: fact.values for fact in count_facts(records)}
    assert facts["device"] == (("c", 2), ("a", 1), ("b", 1))


def test_trials_that_diverged_are_counted() -> None:
    records = [make_record(make_trial(seed)) for seed in range(3)]
    diverged = records[0].result.model_copy(update={"diverged_at_epoch": 2})
    records[0] = records[0].model_copy(update={"result": diverged})
    assert describe_environment(records).num_diverged == 1
