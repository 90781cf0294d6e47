from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from orchestrator.candidates.estimate import Drawn, Estimate, Sample
from orchestrator.candidates.shares import CandidateShares
from orchestrator.cluster.assignment import MAX_LOSSES, Assignment, Share
from orchestrator.cluster.packing import Capacity
from orchestrator.failures.failure import failure_of
from orchestrator.search.candidate_log import CandidateLog
from orchestrator.search.supply import SearchHooks, SearchSupply
from orchestrator.sweep.queue import RESTS_S
from orchestrator.sweep.supply import Loss
from reports.ledger.ledger import LedgerError
from reports.ledger.record import Record
from reports.ledger.search_result import Candidate, Objective
from search_spaces.errors import StudyError
from search_spaces.space import Point, Space
from search_spaces.study import RowRef
from search_spaces.trial import Trial
from tests.orchestrator.probe_factory import make_probe
from tests.orchestrator.queue_bench import LOST, Bench, epoch
from tests.orchestrator.search.factories import (
    F1,
    FEW,
    PARAMETERS,
    SPACE,
    finished,
    open_log,
    trial_of,
)


class Driver(Bench):
    """A process that searches: its supply, and all that is around it."""

    def __init__(
        self,
        folder: Path,
        *,
        num_candidates: int = 2,
        space: Space = SPACE,
        objectives: Sequence[Objective] = (F1,),
        records: dict[str, Record] | None = None,
        name: str = "a:1:1",
        shares: CandidateShares | None = None,
    ) -> None:
        super().__init__(folder, driver=name, records=records)
        self.space = space
        self.fault: Exception | None = None
        self.counted_in: dict[str, Mapping[int, float]] = {}
        self.announced: list[tuple[int, str]] = []
        self.stopping: set[str] = set()
        self.deciding_alike: set[str] = set()
        self.damaged: set[str] = set()
        self.dropped: list[str] = []
        self.log = open_log(folder / "small", space=space, objectives=objectives)
        self.books = CandidateLog(
            self.log,
            "small",
            objectives,
            decides_alike=self.decides_alike,
            count_in=self.count_in,
            announce=self.announce,
        )
        self.recall()
        self.supply = SearchSupply(
            self.log,
            self.queue_of(watchers=[self.books]),
            self.books,
            SearchHooks(
                make_trial=self.make_trial,
                was_stopped=lambda key: key in self.stopping,
                on_stopped=lambda trial: self.dropped.append(trial.key),
                recall=self.recall,
                shares=shares,
            ),
            num_candidates=num_candidates,
            clock=self.clock,
        )

    def recall(self) -> None:
        for one in self.log.candidates(self.key_of):
            self.books.recall(one.key, one.valid_f1, was_stopped=one.state == "stopped")

    def decides_alike(self, record: Record) -> bool:
        if record.key in self.damaged:
            raise LedgerError("predictions are missing")
        return record.key in self.deciding_alike

    def make_trial(self, point: Point) -> Trial:
        if self.fault is not None:
            raise self.fault
        return trial_of(point, self.space)

    def key_of(self, point: Point) -> str:
        return trial_of(point, self.space).key

    def count_in(self, key: str, f1: Mapping[int, float]) -> None:
        self.counted_in[key] = f1

    def announce(self, number: int, outcome: str, f1: float | None = None) -> None:
        self.announced.append((number, outcome))

    def is_done(self) -> bool:
        return self.supply.is_done

    def next(self) -> Trial:
        assignment = self.supply.next()
        assert assignment is not None
        return assignment.trial

    def train(self, trial: Trial, *f1: float, row: str = "candidate 0") -> None:
        self.supply.started(trial)
        for number, score in enumerate(f1):
            self.supply.epoch_done(trial, epoch(number, score))
        self.records[trial.key] = finished(trial, f1, study="small", row=row)
        self.supply.ended(trial, None)

    def stop_early(self, trial: Trial, *f1: float) -> None:
        for number, score in enumerate(f1):
            self.supply.epoch_done(trial, epoch(number, score))
        self.stopping.add(trial.key)
        self.supply.ended(trial, None)

    @property
    def candidates(self) -> list[Candidate]:
        return self.log.candidates(self.key_of)

    @property
    def states(self) -> list[str]:
        return [candidate.state for candidate in self.candidates]


def test_search_trains_as_many_candidates_as_wanted(tmp_path: Path) -> None:
    driver = Driver(tmp_path)
    assignment = driver.supply.next()
    assert assignment is not None
    assert assignment == Assignment(assignment.trial, RowRef("small", "candidate 0"))
    other = driver.next()
    assert driver.supply.next() is None
    assert (driver.supply.num_running, driver.supply.is_done) == (2, False)
    driver.train(assignment.trial, 0.25, 0.5)
    driver.train(other, 0.125, row="candidate 1")
    assert driver.supply.is_done
    first, second = driver.candidates
    assert (first.scores, first.num_epochs, first.key) == ({"f1": 0.5}, 2, assignment.trial.key)
    assert (second.scores, second.from_ledger) == ({"f1": 0.125}, False)
    assert driver.announced == [
        (0, "valid F1 0.500 at epoch 2"),
        (1, "valid F1 0.125 at epoch 1"),
    ]


def test_score_is_that_of_the_best_epoch_on_validation_and_the_cost(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1, objectives=(F1, PARAMETERS))
    trial = driver.next()
    driver.records[trial.key] = finished(trial, (0.5, 0.25), best=0)
    driver.supply.ended(trial, None)
    assert driver.candidates[0].scores == {"f1": 0.5, "parameters": 1000}


def test_finished_trial_answers_from_the_ledger(tmp_path: Path) -> None:
    asked = open_log(tmp_path / "before").ask(1)
    assert asked is not None
    known = trial_of(asked.point)  # candidate 0 of the same seed is the same in every search
    driver = Driver(tmp_path, records={known.key: finished(known, (0.5,))})
    driver.train(driver.next(), 0.25, row="candidate 1")
    first, second = driver.candidates
    assert (first.scores, first.from_ledger) == ({"f1": 0.5}, True)
    assert (second.scores, second.from_ledger) == ({"f1": 0.25}, False)
    assert driver.counted_in[known.key] == {1: 0.5}
    assert driver.announced[0] == (0, "known already: valid F1 0.500 at epoch 1")


def test_candidates_that_are_one_trial_train_once(tmp_path: Path) -> None:
    """Of two points ten candidates are asked for: while they train, and once they are told."""
    driver = Driver(tmp_path, num_candidates=10, space=FEW)
    trials = [driver.next(), driver.next()]
    assert trials[0].key != trials[1].key
    while driver.supply.next() is None and len(driver.candidates) < 6:
        pass
    driver.train(trials[0], 0.5)
    driver.stop_early(trials[1], 0.25)
    while not driver.supply.is_done:
        assert driver.supply.next() is None
    assert len(driver.candidates) == 10
    for one in driver.candidates:
        if one.key == trials[0].key:
            assert (one.state, one.scores) == ("finished", {"f1": 0.5})
        else:
            assert (one.state, one.last_f1) == ("stopped", 0.25)
    num_from_ledger = sum(one.from_ledger for one in driver.candidates)
    assert num_from_ledger == driver.states.count("finished") - 1


def test_stopped_candidate_never_trains_again(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=2, space=FEW)
    trial = driver.next()
    driver.stop_early(trial, 0.25, 0.125)
    assert driver.dropped == [trial.key]
    assert driver.leases.is_free(trial.key)
    assert driver.supply.num_running == 0
    again = Driver(tmp_path, num_candidates=8, space=FEW)
    assert again.counted_in[trial.key] == {1: 0.25, 2: 0.125}
    trained = set()
    while not again.supply.is_done:
        assignment = again.supply.next()
        if assignment is not None:
            trained.add(assignment.trial.key)
            again.train(assignment.trial, 0.5)
    assert len(trained) == 1
    assert trial.key not in trained


def test_interrupted_candidates_are_handed_out_again(tmp_path: Path) -> None:
    """The next process goes on with the same points, before it asks for others."""
    killed = Driver(tmp_path, num_candidates=3)
    open_ones = [killed.next(), killed.next()]
    killed.supply.epoch_done(open_ones[0], epoch(0, 0.25))
    for trial in open_ones:
        killed.leases.release(trial.key)  # as those of a dead process end
    again = Driver(tmp_path, num_candidates=3, name="b:1:1")
    assert [again.next().key, again.next().key] == [trial.key for trial in open_ones]
    third = again.next()
    assert third.key not in {trial.key for trial in open_ones}
    again.supply.epoch_done(open_ones[0], epoch(1, 0.5))
    assert again.candidates[0].valid_f1 == {1: 0.25, 2: 0.5}
    assert [one.number for one in again.candidates] == [0, 1, 2]


def test_two_processes_share_a_search(tmp_path: Path) -> None:
    records: dict[str, Record] = {}
    ours = Driver(tmp_path, num_candidates=2, records=records)
    first = ours.next()
    theirs = Driver(tmp_path, num_candidates=2, records=records, name="b:1:1")
    second = theirs.next()
    assert first.key != second.key
    for driver in (ours, theirs):
        assert driver.supply.next() is None
        assert not driver.supply.is_done
    ours.train(first, 0.5)
    theirs.train(second, 0.25, row="candidate 1")
    for driver in (ours, theirs):
        driver.wait()
        assert driver.supply.next() is None
        assert driver.supply.is_done
        assert driver.states == ["finished", "finished"]
        assert not any(one.from_ledger for one in driver.candidates)


def test_what_another_process_sees_counts_at_the_next_look(tmp_path: Path) -> None:
    """What is trained here is judged at its own epochs, so it is not counted in before."""
    driver, other = Driver(tmp_path), Driver(tmp_path, name="b:1:1")
    ours, theirs = driver.next(), other.next()
    for one, trial, f1 in ((driver, ours, 0.5), (other, theirs, 0.25)):
        one.supply.started(trial)
        one.supply.epoch_done(trial, epoch(0, f1))
    driver.supply.look()
    assert driver.counted_in == {}
    driver.wait()
    driver.supply.look()
    assert driver.counted_in == {theirs.key: {1: 0.25}}
    other.supply.epoch_done(theirs, epoch(1, 0.75))
    driver.wait()
    driver.supply.look()
    assert driver.counted_in == {theirs.key: {1: 0.25, 2: 0.75}}


def test_candidate_that_another_process_stopped_is_not_trained(tmp_path: Path) -> None:
    ours = Driver(tmp_path, num_candidates=1)
    trial = ours.next()
    theirs = Driver(tmp_path, num_candidates=1, name="b:1:1")
    assert theirs.supply.next() is None
    ours.stop_early(trial, 0.25)
    theirs.wait()
    assert theirs.supply.next() is None
    assert theirs.supply.is_done
    assert theirs.leases.is_free(trial.key)


def test_failed_candidate_stays_open_for_the_next_command(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1)
    trial = driver.next()
    driver.supply.ended(trial, failure_of("training", "KeyError: 'x'"))
    assert driver.supply.next() is None
    assert driver.supply.is_done
    assert driver.books.num_failed == 1
    assert (driver.states, driver.candidates[0].failure) == (["failed"], "KeyError: 'x'")
    again = Driver(tmp_path, num_candidates=1)
    assert again.next().key == trial.key
    again.train(trial, 0.5)
    assert again.states == ["finished"]
    assert again.books.num_failed == 0


def test_failure_counts_for_all_candidates_that_are_one_trial(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=8, space=FEW)
    trial = driver.next()
    driver.supply.ended(trial, failure_of("training", "KeyError: 'x'"))
    while not driver.supply.is_done:
        assignment = driver.supply.next()
        if assignment is not None:
            assert assignment.trial.key != trial.key
            driver.train(assignment.trial, 0.5)
    failed = [one.number for one in driver.candidates if one.key == trial.key]
    assert driver.books.num_failed == len(failed) > 1


@pytest.mark.parametrize(("f1", "best"), [((), -1), ((0.9,), 0)], ids=["at once", "with a model"])
def test_diverged_candidate_has_no_score_and_is_not_tried_again(
    tmp_path: Path, f1: tuple[float, ...], best: int
) -> None:
    driver = Driver(tmp_path, num_candidates=1)
    trial = driver.next()
    record = finished(trial, f1, best=best)
    result = record.result.model_copy(update={"diverged_at_epoch": 0})
    driver.records[trial.key] = record.model_copy(update={"result": result})
    driver.supply.ended(trial, None)
    assert (driver.states, driver.candidates[0].failure) == (["failed"], "diverged in epoch 1")
    assert driver.books.num_failed == 0
    assert driver.log.is_complete(1)


def test_candidate_that_decides_alike_is_not_ranked(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=2)
    constant, other = driver.next(), driver.next()
    driver.deciding_alike.add(constant.key)
    driver.train(constant, 0.9)
    driver.train(other, 0.5, row="candidate 1")
    assert driver.states == ["failed", "finished"]
    assert [one.is_best for one in driver.candidates] == [False, True]
    told = "it predicts the same for every validation utterance"
    assert driver.candidates[0].failure == told
    assert (0, f"failed: {told}") in driver.announced
    assert (driver.books.num_failed, driver.log.is_complete(2)) == (0, True)


def test_candidate_whose_predictions_are_damaged_stays_open(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1)
    trial = driver.next()
    driver.damaged.add(trial.key)
    driver.train(trial, 0.5)
    assert (driver.states, driver.candidates[0].failure) == (["failed"], "predictions are missing")
    assert (driver.books.num_failed, driver.log.is_complete(1)) == (1, False)


def test_record_without_the_cost_gives_no_score(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1, objectives=(F1, Objective(name="macs")))
    trial = driver.next()
    driver.train(trial, 0.5)
    assert "does not say what the model costs" in driver.candidates[0].failure


def test_point_that_is_no_model_is_told(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=2)
    driver.fault = StudyError("model: width 7 is odd")
    assert driver.supply.next() is None
    assert driver.supply.is_done
    assert driver.states == ["failed", "failed"]
    assert driver.announced[0] == (0, "failed: model: width 7 is odd")
    assert driver.books.num_failed == 0


def test_lost_trial_is_handed_out_again(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1)
    trial = driver.next()
    driver.supply.lost(trial, LOST)
    assert driver.next().key == trial.key
    driver.train(trial, 0.5)
    assert driver.states == ["finished"]


def test_nothing_is_asked_for_while_storage_fails(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=9)
    driver.problem = OSError("away")
    assert [driver.supply.next() for _ in range(5)] == [None] * 5
    assert len(driver.candidates) == 1
    driver.problem = None
    driver.wait()
    assert driver.next().key == driver.candidates[0].key


def test_what_cannot_be_written_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(tmp_path, num_candidates=1)
    trial = driver.next()
    assert driver.supply.next() is None

    def fail(*_: object, **__: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as away:
        away.setattr(driver.log.study, "tell", fail)
        driver.train(trial, 0.5)
        assert not driver.is_done()
        assert driver.states == ["running"]
    assert driver.is_done()
    assert driver.candidates[0].scores == {"f1": 0.5}


def test_search_waits_while_its_journal_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(tmp_path, num_candidates=1)

    def fail(*_: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as away:
        for name in ("ask", "open_candidates", "is_open"):
            away.setattr(driver.log, name, fail)
        assert driver.supply.next() is None
        assert not driver.supply.is_done
    driver.train(driver.next(), 0.5)
    assert driver.supply.next() is None
    assert driver.supply.is_done


AT_CAP = Loss("cannot allocate", is_out_of_memory=True)
KILLED = Loss("killed for memory", is_out_of_memory=True, was_killed=True)


def measured_shares(folder: Path, memory_mib: float) -> CandidateShares:
    """Measure the first candidate of `SPACE`: it takes 900 MiB."""
    asked = open_log(folder / "elsewhere").ask(1)
    assert asked is not None
    drawn = Drawn(asked.point, trial_of(asked.point))
    probe = make_probe(drawn.trial, 10.0)
    capacity = Capacity(on_gpu=False, num_devices=1, memory_mib=memory_mib, num_cores=2)
    return CandidateShares(
        capacity, {probe.architecture: probe}, (), Estimate([Sample(drawn, probe)])
    )


def test_candidates_train_whole_batches_in_their_shares(tmp_path: Path) -> None:
    """The first was measured; the second is estimated with twice its memory."""
    driver = Driver(tmp_path, shares=measured_shares(tmp_path, 4000.0))
    first, second = driver.supply.next(), driver.supply.next()
    assert first is not None
    assert second is not None
    assert (first.share, first.keeps_batches_whole) == (Share(2, 2000.0), True)
    assert (second.share, second.keeps_batches_whole) == (Share(1, 4000.0), True)


def test_candidate_that_runs_out_of_memory_goes_on_with_a_larger_share(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1, shares=measured_shares(tmp_path, 4000.0))
    trial = driver.next()
    driver.supply.lost(trial, AT_CAP)
    again = driver.supply.next()
    assert again is not None
    assert (again.trial, again.share, again.micro_batch_size) == (trial, Share(1, 4000.0), None)
    driver.train(trial, 0.5)
    assert driver.states == ["finished"]


def test_candidate_that_a_whole_machine_cannot_hold_is_rejected_for_good(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1, shares=measured_shares(tmp_path, 4000.0))
    for _ in range(2):
        driver.supply.lost(driver.next(), AT_CAP)
    assert driver.supply.next() is None
    assert driver.supply.is_done
    (candidate,) = driver.candidates
    assert candidate.state == "failed"
    assert "ran out of memory alone on a machine with 4,000 MiB" in candidate.failure
    assert driver.dropped == [candidate.key]
    assert driver.leases.is_free(candidate.key)
    assert (driver.books.num_failed, driver.log.is_complete(1)) == (0, True)


def test_candidate_that_was_killed_beside_others_stays_open(tmp_path: Path) -> None:
    """The kernel killed it: another program may have taken the memory."""
    driver = Driver(tmp_path, num_candidates=1, shares=measured_shares(tmp_path, 4000.0))
    for _ in range(1 + MAX_LOSSES + 1):
        driver.supply.lost(driver.next(), KILLED)
        driver.now += max(RESTS_S)
    assert driver.supply.next() is None
    assert driver.books.num_failed == 1
    assert (driver.states, driver.log.is_complete(1)) == (["failed"], False)


def test_candidate_that_was_measured_to_be_too_large_never_trains(tmp_path: Path) -> None:
    driver = Driver(tmp_path, num_candidates=1, shares=measured_shares(tmp_path, 950.0))
    assert driver.supply.next() is None
    assert driver.supply.is_done
    assert "needs 990 MiB with batches of" in driver.candidates[0].failure
    assert driver.leases.is_free(driver.candidates[0].key)
    assert driver.log.is_complete(1)


def test_candidate_with_a_record_is_finished_though_it_would_not_fit(tmp_path: Path) -> None:
    shares = measured_shares(tmp_path, 950.0)
    asked = open_log(tmp_path / "before").ask(1)
    assert asked is not None
    known = trial_of(asked.point)
    records = {known.key: finished(known, (0.5,))}
    driver = Driver(tmp_path, num_candidates=1, records=records, shares=shares)
    assert driver.supply.next() is None
    assert driver.states == ["finished"]
