from pathlib import Path
from typing import get_args

import optuna
import pytest

from orchestrator.search.log import SearchLog
from reports.ledger.ledger import LedgerError
from reports.ledger.search_result import JOURNAL_FILE, Candidate, SamplerName
from search_spaces.errors import StudyError
from search_spaces.spaces.architecture import ARCHITECTURE
from tests.orchestrator.search.factories import F1, PARAMETERS, open_log, values_of


def candidates(log: SearchLog) -> list[Candidate]:
    return log.candidates(lambda point: "key")


def ask(log: SearchLog, num_candidates: int) -> list[int]:
    asked = [log.ask(num_candidates) for _ in range(num_candidates)]
    return [one.number for one in asked if one is not None]


def test_candidates_are_asked_for_in_order_and_no_more_than_wanted(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    assert ask(log, 3) == [0, 1, 2]
    assert log.ask(3) is None
    assert ask(log, 5) == [3, 4]
    assert [one.number for one in log.open_candidates()] == [0, 1, 2, 3, 4]


def test_conditional_fields_never_appear_where_their_parent_is_off(tmp_path: Path) -> None:
    """Random candidates, and those that the sampler draws once it knows some."""
    log = open_log(tmp_path)
    for number in range(40):
        assert log.ask(40) is not None
        log.finish(number, {"f1": number % 7 / 10})
    on = [("model.head.depth" in trial.params, trial.params["head"]) for trial in log.study.trials]
    assert set(on) == {(True, "decoder"), (False, "cls")}
    assert [trial.params for trial in log.study.trials] == values_of(log)


def test_conditional_fields_of_architecture(tmp_path: Path) -> None:
    log = open_log(tmp_path, space=ARCHITECTURE)
    for _ in range(60):
        asked = log.ask(60)
        assert asked is not None
        log.finish(asked.number, {"f1": 0.5})
    for one in candidates(log):
        assert ("fusion" in one.values) == (one.system == "le")
        assert ("model.fusion.num_tokens" in one.values) == (
            one.values.get("fusion") == "bottleneck"
        )
        has_audio_sem = one.values.get("sem") in ("audio", "audio+vision")
        assert ("model.audio.sem_after" in one.values) == has_audio_sem


def test_what_was_told_is_there_for_the_next_process(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    ask(log, 4)
    log.note_f1(0, {1: 0.25, 2: 0.5})
    log.note_from_ledger(0)
    log.finish(0, {"f1": 0.5})
    log.stop(1, {1: 0.125})
    log.reject(2, "no model")
    log.note_failure(3, "out of luck")
    again = open_log(tmp_path)
    finished, stopped, rejected, failed = candidates(again)
    assert (finished.state, finished.scores, finished.num_epochs) == ("finished", {"f1": 0.5}, 2)
    assert (finished.is_best, finished.from_ledger, finished.key) == (True, True, "key")
    assert (stopped.state, stopped.last_f1, stopped.num_epochs) == ("stopped", 0.125, 1)
    assert (rejected.state, rejected.failure) == ("failed", "no model")
    assert (failed.state, failed.failure) == ("failed", "out of luck")
    assert [one.is_tried_again for one in candidates(again)] == [False, False, False, True]
    assert [one.number for one in again.open_candidates()] == [3]  # it is tried again
    assert not again.is_complete(4)
    again.finish(3, {"f1": 0.75})
    assert again.is_complete(4)
    assert not again.is_complete(5)
    assert [one.is_best for one in candidates(again)] == [False, False, False, True]
    assert candidates(again)[3].failure == ""


def test_search_has_an_id_of_its_own_that_stays(tmp_path: Path) -> None:
    ids = [open_log(tmp_path / name).id for name in ("one", "one", "two")]
    assert ids[0] == ids[1] != ids[2]


def test_candidates_that_were_read_on_test_are_remembered(tmp_path: Path) -> None:
    assert open_log(tmp_path).note_read(3) == []
    assert open_log(tmp_path).note_read(1) == [3]
    assert open_log(tmp_path).note_read(3) == [1]
    assert open_log(tmp_path).note_read(2) == [3, 1]


def test_end_that_was_told_stands(tmp_path: Path) -> None:
    log, other = open_log(tmp_path), open_log(tmp_path)
    ask(log, 1)
    log.finish(0, {"f1": 0.5})
    other.note_f1(0, {1: 0.9})
    other.stop(0, {1: 0.9})
    other.finish(0, {"f1": 0.9})
    other.reject(0, "no model")
    (candidate,) = candidates(log)
    assert (candidate.state, candidate.scores, candidate.num_epochs) == ("finished", {"f1": 0.5}, 0)


def test_two_processes_ask_for_different_candidates(tmp_path: Path) -> None:
    log, other = open_log(tmp_path), open_log(tmp_path)
    asked = [one.ask(4) for one in (log, other, log, other, log, other)]
    assert [one.number if one else None for one in asked] == [0, 1, 2, 3, None, None]
    rates = {values["training.learning_rate"] for values in values_of(log)}
    assert len(rates) == 4


@pytest.mark.parametrize("sampler", get_args(SamplerName))
def test_random_candidates_alone_do_not_depend_on_scores(
    tmp_path: Path, sampler: SamplerName
) -> None:
    logs = [open_log(tmp_path / name, sampler=sampler) for name in ("up", "down")]
    for log, sign in zip(logs, (1, -1), strict=True):
        for number in range(20):
            assert log.ask(20) is not None
            log.finish(number, {"f1": 0.5 + sign * number / 100})
    up, down = map(values_of, logs)
    assert up[:10] == down[:10]  # TPE draws these at random too
    assert (up == down) == (sampler == "random")
    assert len({str(values) for values in up}) == 20


def test_candidate_depends_on_seed_and_number_and_not_on_interruptions(tmp_path: Path) -> None:
    whole = open_log(tmp_path / "whole")
    ask(whole, 3)
    for number in range(3):
        ask(open_log(tmp_path / "again"), number + 1)  # a new process each time
    other = open_log(tmp_path / "other", seed=1)
    ask(other, 3)
    assert values_of(whole) == values_of(open_log(tmp_path / "again"))
    assert values_of(whole) != values_of(other)


def test_candidate_that_was_begun_to_be_asked_for_comes_first(tmp_path: Path) -> None:
    """A kill between two fields leaves it without the others."""
    log = open_log(tmp_path)
    begun = log.study.ask()
    begun.suggest_categorical("head", ["decoder", "cls"])
    assert log.open_candidates() == []
    again = open_log(tmp_path)
    asked = again.ask(1)
    assert asked is not None
    assert asked.number == begun.number
    assert asked.point.values["head"] == begun.params["head"]
    assert again.ask(1) is None


def test_front_has_the_candidates_that_no_other_one_beats(tmp_path: Path) -> None:
    log = open_log(tmp_path, objectives=(F1, PARAMETERS))
    ask(log, 4)
    for number, (f1, cost) in enumerate([(0.5, 100), (0.6, 200), (0.5, 150)]):
        log.finish(number, {"f1": f1, "parameters": cost})
    log.stop(3, {2: 0.1})
    found = candidates(log)
    assert [one.is_best for one in found] == [True, True, False, False]
    assert found[0].scores == {"f1": 0.5, "parameters": 100}
    assert found[3].state == "stopped"


def test_stopped_candidate_counts_for_the_sampler_with_its_last_score(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    ask(log, 1)
    log.stop(0, {1: 0.25, 2: 0.125})
    (trial,) = log.study.trials
    assert trial.state == optuna.trial.TrialState.PRUNED
    assert trial.intermediate_values == {2: 0.125}


@pytest.mark.parametrize("torn", [b'{"op_code": 5, "wor', b'{"op_code": 5}'])
def test_journal_goes_on_after_a_torn_line(tmp_path: Path, torn: bytes) -> None:
    log = open_log(tmp_path)
    ask(log, 2)
    with (tmp_path / JOURNAL_FILE).open("ab") as file:
        file.write(torn)
    again = open_log(tmp_path)
    again.finish(1, {"f1": 0.5})
    assert [one.state for one in candidates(open_log(tmp_path))] == ["running", "finished"]


def test_search_of_another_space_or_corpus_is_told(tmp_path: Path) -> None:
    open_log(tmp_path, identity="one")
    open_log(tmp_path, identity="one")
    with pytest.raises(
        StudyError, match=r"was started with another space 'small', other baselines"
    ):
        open_log(tmp_path, identity="another")


def test_damaged_journal_is_told(tmp_path: Path) -> None:
    open_log(tmp_path)
    content = (tmp_path / JOURNAL_FILE).read_bytes()
    (tmp_path / JOURNAL_FILE).write_bytes(b"no JSON\n" + content)
    with pytest.raises(LedgerError, match=r"journal '.*' is damaged: .*; move its folder away"):
        open_log(tmp_path)


@pytest.mark.parametrize("line", [b"no JSON\n", b'{"op_code":99,"worker_id":"a"}\n', b"[]\n"])
def test_damaged_last_line_of_a_journal_is_told(line: bytes, tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.ask(1)
    journal = tmp_path / JOURNAL_FILE
    journal.write_bytes(journal.read_bytes() + line)
    with pytest.raises(LedgerError, match=r"journal '.*' is damaged: .*; move its folder away"):
        open_log(tmp_path).ask(2)
