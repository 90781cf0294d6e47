from pathlib import Path

import pytest

from orchestrator.cluster.assignment import MAX_LOSSES, Assignment, Share
from orchestrator.failures.failure import TrialFailure, failure_of
from orchestrator.sweep.queue import RESTS_S, TrialQueue
from orchestrator.sweep.supply import Loss
from orchestrator.training.micro_batches import NotEnoughMemoryError
from orchestrator.trial.watcher import Watcher
from reports.ledger.ledger import LedgerError
from reports.ledger.record import Epoch, Record
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import TRAINED_FOR, small_config
from tests.orchestrator.queue_bench import LOST, Bench, epoch
from tests.reports.factories import make_record

HALVED = "even with micro-batches of 1 utterance, after halving from 5"
TOO_BIG = Loss("killed for memory", is_out_of_memory=True)


class Diary(Watcher):
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, int, str]] = []

    def started(self, trial: Trial) -> None:
        self.entries.append(("started", trial.seed, ""))

    def epoch_done(self, trial: Trial, epoch: Epoch) -> None:
        self.entries.append(("epoch", trial.seed, str(epoch.epoch)))

    def trouble(self, trial: Trial, reason: str) -> None:
        self.entries.append(("trouble", trial.seed, reason.partition("\n")[0]))

    def finished(self, record: Record) -> None:
        self.entries.append(("finished", record.trial.seed, ""))

    def lost(self, trial: Trial) -> None:
        self.entries.append(("lost", trial.seed, ""))

    def failed(self, trial: Trial, failure: TrialFailure) -> None:
        self.entries.append(("failed", trial.seed, failure.reason))


class QueueBench(Bench):
    """A queue of two trials, and all that is around it."""

    def __init__(self, folder: Path, *, driver: str = "a:1:1", num_trials: int = 2) -> None:
        super().__init__(folder, driver=driver)
        reference = CorpusRef(name="mine", recipe="le", fingerprint="f")
        self.trials = [
            Trial(config=small_config(batch_size=5), corpus=reference, seed=seed)
            for seed in range(num_trials)
        ]
        self.diary = Diary()
        assignments = (Assignment(trial, TRAINED_FOR) for trial in self.trials)
        self.queue = self.queue_of(*assignments, watchers=[self.diary])

    def record(self, trial: Trial) -> None:
        self.records[trial.key] = make_record(trial)

    def is_done(self) -> bool:
        return self.queue.is_done

    def is_storage_silent(self) -> bool:
        return self.queue.is_storage_silent

    def next_seed(self) -> int | None:
        assignment = self.queue.next()
        return None if assignment is None else assignment.trial.seed


@pytest.fixture
def bench(tmp_path: Path) -> QueueBench:
    return QueueBench(tmp_path)


def test_trials_are_handed_out_once_and_told(bench: QueueBench) -> None:
    first, second = bench.trials
    assert [bench.next_seed(), bench.next_seed(), bench.next_seed()] == [0, 1, None]
    bench.queue.started(first)
    bench.queue.epoch_done(first, epoch(0))
    bench.record(first)
    bench.queue.ended(first, None)
    assert not bench.is_done()
    bench.queue.ended(second, failure_of("training", "KeyError: 'x'"))
    assert bench.is_done()
    assert bench.diary.entries == [
        ("started", 0, ""),
        ("epoch", 0, "0"),
        ("finished", 0, ""),
        ("failed", 1, "KeyError: 'x'"),
    ]
    names = bench.store.names("trials")
    assert names == [f"trials/{second.key}/lease-1"]  # which is released: the next command's
    assert bench.leases.is_free(second.key)


def test_trial_that_ends_without_a_record_has_failed(bench: QueueBench) -> None:
    bench.next_seed()
    bench.queue.ended(bench.trials[0], None)
    assert bench.diary.entries == [("failed", 0, "ended without a record")]


def test_two_drivers_share_the_trials_and_both_tell_of_all(tmp_path: Path) -> None:
    ours, theirs = QueueBench(tmp_path), QueueBench(tmp_path, driver="b:1:1")
    assert [ours.next_seed(), theirs.next_seed()] == [0, 1]
    assert [ours.next_seed(), theirs.next_seed()] == [None, None]
    for bench, other, seed in ((ours, theirs, 0), (theirs, ours, 1)):
        bench.record(bench.trials[seed])
        other.record(bench.trials[seed])
        bench.queue.ended(bench.trials[seed], None)
        assert not other.queue.is_done
        other.wait()
        other.queue.look()
    assert ours.queue.is_done
    assert theirs.queue.is_done
    assert ours.diary.entries == theirs.diary.entries == [("finished", 0, ""), ("finished", 1, "")]
    assert ours.store.names("trials") == []


def test_others_are_looked_at_now_and_then_only(tmp_path: Path) -> None:
    ours, theirs = (
        QueueBench(tmp_path, num_trials=1),
        QueueBench(tmp_path, driver="b:1:1", num_trials=1),
    )
    theirs.next_seed()
    ours.next_seed()
    theirs.queue.ended(theirs.trials[0], failure_of("training", "failed there"))
    assert ours.next_seed() is None  # it has just looked
    ours.wait()
    assert ours.next_seed() == 0


def test_trial_finished_elsewhere_before_its_turn_is_not_trained(bench: QueueBench) -> None:
    bench.record(bench.trials[0])
    assert bench.next_seed() == 1
    assert bench.diary.entries == [("finished", 0, "")]


def test_record_that_came_with_the_end_of_a_lease_is_seen(bench: QueueBench) -> None:
    """Another driver records a trial and drops its lease between our two looks."""
    answers = iter([None, make_record(bench.trials[0])])
    bench.queue = TrialQueue(
        [Assignment(bench.trials[0], TRAINED_FOR)],
        find_record=lambda key: next(answers),
        leases=bench.leases,
        watchers=[bench.diary],
    )
    assert bench.next_seed() is None
    assert bench.queue.is_done
    assert bench.diary.entries == [("finished", 0, "")]
    assert bench.store.names("trials") == []


def test_lost_trial_comes_next_as_long_as_it_gets_further(bench: QueueBench) -> None:
    trial = bench.trials[0]
    for number in range(3 * MAX_LOSSES):
        assert bench.next_seed() == 0
        bench.queue.epoch_done(trial, epoch(number))
        bench.queue.lost(trial, LOST)
    told = [entry for entry in bench.diary.entries if entry[0] not in ("epoch", "lost")]
    assert told == [("trouble", 0, "its process was lost: goes on from its last epoch")] * (
        3 * MAX_LOSSES
    )


def test_trial_lost_again_and_again_at_one_epoch_is_given_up(bench: QueueBench) -> None:
    trial = bench.trials[0]
    bench.next_seed()
    bench.queue.epoch_done(trial, epoch(0))
    for _ in range(1 + MAX_LOSSES):
        bench.queue.lost(trial, LOST)
        bench.now += max(RESTS_S)
        following = bench.next_seed()
    assert following == 1
    assert bench.diary.entries[-1] == (
        "failed",
        0,
        "4 times without one more epoch: the node died",
    )
    assert [kind for kind, *_ in bench.diary.entries].count("trouble") == MAX_LOSSES


def test_trial_lost_further_and_further_back_is_given_up(bench: QueueBench) -> None:
    """Its checkpoints cannot be written: it begins again, and gets a little further each time."""
    trial = bench.trials[0]
    for num_epochs in (8, 1, 2, 3):
        assert bench.next_seed() == 0
        for number in range(num_epochs):
            bench.queue.epoch_done(trial, epoch(number))
        bench.queue.lost(trial, LOST)
        bench.now += max(RESTS_S)
    assert bench.diary.entries[-1][0] == "failed"


def test_trial_that_is_lost_again_at_once_rests_and_the_others_go_on(bench: QueueBench) -> None:
    trial = bench.trials[0]
    for _ in range(2):
        assert bench.next_seed() == 0  # at once after the first loss
        bench.queue.lost(trial, LOST)
    assert [bench.next_seed(), bench.next_seed()] == [1, None]
    bench.now += RESTS_S[1]
    assert bench.next_seed() == 0
    bench.queue.lost(trial, LOST)
    bench.now += RESTS_S[2] - 0.1
    assert bench.next_seed() is None
    assert not bench.queue.is_done
    bench.now += 0.1
    assert bench.next_seed() == 0
    told = [text for kind, _, text in bench.diary.entries if kind == "trouble"]
    goes_on = "its process was lost: goes on from its last epoch"
    assert told == [goes_on, f"{goes_on} in 4 s", f"{goes_on} in 16 s"]


def test_trial_that_a_machine_could_not_begin_comes_after_the_others(bench: QueueBench) -> None:
    first = bench.trials[0]
    unreached = Loss("machine 'm' does not reach 's'", never_began=True)
    assert bench.next_seed() == 0
    bench.queue.lost(first, unreached)
    assert [bench.next_seed(), bench.next_seed()] == [1, 0]
    for _ in range(MAX_LOSSES):
        bench.queue.lost(first, unreached)
        bench.now += max(RESTS_S)
        bench.next_seed()
    told = "machine 'm' does not reach 's'"
    assert bench.diary.entries == [
        *[("lost", 0, ""), ("trouble", 0, f"tried again later: {told}")] * MAX_LOSSES,
        ("failed", 0, f"4 times without one more epoch: {told}"),
    ]
    assert bench.queue.num_running == 1


def test_silent_storage_is_asked_once_a_look(tmp_path: Path) -> None:
    bench = QueueBench(tmp_path, num_trials=5)
    bench.problem = OSError("timed out")
    for number in range(1, 4):  # first of those that wait, then also of those put aside
        assert [bench.next_seed() for _ in range(3)] == [None] * 3
        assert bench.num_finds == number
        bench.wait()
    bench.problem = None
    assert sorted(bench.next_seed() or 0 for _ in range(5)) == [0, 1, 2, 3, 4]


def test_trial_killed_for_memory_goes_on_with_half_the_micro_batch(bench: QueueBench) -> None:
    trial, sizes = bench.trials[0], []
    while (assignment := bench.queue.next()) is not None and assignment.trial == trial:
        sizes.append(assignment.micro_batch_size)
        bench.queue.lost(trial, TOO_BIG)
    assert sizes == [None, 3, 2, 1]
    assert [text for kind, _, text in bench.diary.entries if kind == "trouble"] == [
        f"out of memory: goes on with micro-batches of {size}" for size in (3, 2, 1)
    ]
    assert bench.diary.entries[-1] == (
        "failed",
        0,
        str(NotEnoughMemoryError(HALVED, "killed for memory")),
    )


def test_trial_whose_record_cannot_be_read_is_looked_at_later(bench: QueueBench) -> None:
    trial = bench.trials[0]
    bench.next_seed()
    bench.record(trial)
    bench.problem = OSError("stale file handle")
    bench.queue.ended(trial, None)
    bench.wait()
    bench.queue.look()
    assert bench.next_seed() is None
    assert bench.diary.entries == []
    bench.problem = None
    bench.wait()
    bench.queue.look()
    assert bench.diary.entries == [("finished", 0, "")]


def test_failure_is_told_also_while_storage_fails(bench: QueueBench) -> None:
    bench.next_seed()
    bench.problem = OSError("stale file handle")
    bench.queue.ended(bench.trials[0], failure_of("storage", "OSError: disk full"))
    assert bench.diary.entries == [("failed", 0, "OSError: disk full")]


def test_damaged_record_fails_its_trial_alone(bench: QueueBench) -> None:
    bench.next_seed()
    bench.problem = LedgerError("record 'r' is damaged")
    bench.queue.ended(bench.trials[0], None)
    bench.problem = None
    assert bench.diary.entries == [("failed", 0, "record 'r' is damaged")]
    assert bench.next_seed() == 1


def test_trouble_of_a_trial_that_goes_on_is_told(bench: QueueBench) -> None:
    bench.queue.trouble(bench.trials[1], "checkpoint not written")
    assert bench.diary.entries == [("trouble", 1, "checkpoint not written")]


def test_trial_that_is_added_is_handed_out(bench: QueueBench) -> None:
    for trial in bench.trials:
        assert bench.next_seed() == trial.seed
        bench.queue.ended(trial, failure_of("training", "failed"))
    assert bench.is_done()
    late = bench.trials[0].model_copy(update={"seed": 7})
    bench.queue.add(Assignment(late, TRAINED_FOR))
    assert not bench.is_done()
    assert bench.next_seed() == 7
    bench.queue.epoch_done(late, epoch(0))
    bench.queue.lost(late, LOST)
    assert bench.next_seed() == 7


def test_trial_that_is_withdrawn_is_given_back_and_nobody_told(bench: QueueBench) -> None:
    bench.next_seed()
    bench.queue.withdraw(bench.trials[0])
    assert bench.queue.num_running == 0
    assert bench.diary.entries == []
    assert bench.leases.is_free(bench.trials[0].key)
    assert bench.next_seed() == 1


def test_queue_says_when_storage_was_silent(bench: QueueBench) -> None:
    assert not bench.is_storage_silent()
    bench.problem = OSError("away")
    bench.next_seed()
    assert bench.is_storage_silent()
    bench.problem = None
    bench.wait()
    bench.queue.look()
    assert not bench.is_storage_silent()


def test_trials_for_a_kind_of_gpu_that_is_full_wait_and_the_others_pass_them(
    tmp_path: Path,
) -> None:
    bench = QueueBench(tmp_path, num_trials=4)
    kinds = ["A100", "A100", "T4", "A100"]
    queue = bench.queue_of(
        *(
            Assignment(trial, TRAINED_FOR, share=Share(1, 1000.0, kind))
            for trial, kind in zip(bench.trials, kinds, strict=True)
        )
    )

    def next_seed(*full: str) -> int | None:
        assignment = queue.next(*full)
        return assignment and assignment.trial.seed

    assert queue.gpu_kinds == {"A100", "T4"}
    assert [next_seed(), next_seed("A100"), next_seed("A100")] == [0, 2, None]
    queue.lost(bench.trials[0], LOST)
    assert [next_seed("T4"), next_seed("A100", "T4"), next_seed(), next_seed()] == [0, None, 1, 3]
    assert not queue.is_done
