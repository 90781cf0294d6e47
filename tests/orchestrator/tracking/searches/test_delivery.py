import multiprocessing
import os
import signal
from pathlib import Path

from mlflow.tracking import MlflowClient

from orchestrator.storage.driver import host_of, this_driver
from orchestrator.tracking.delivery import Delivery
from reports.ledger.ledger import PREDICTIONS_FILE, RECORD_FILE, Ledger
from reports.ledger.search_result import RESULT_FILE, SearchResult, search_folder
from tests.orchestrator.tracking.factories import (
    NUM_EPOCHS,
    deliver,
    make_epoch,
    record_trial,
    runs_of,
    steps_of,
)
from tests.orchestrator.tracking.searches.factories import (
    candidate,
    candidates_of,
    running,
    search_of,
    small_search,
    stopped,
    trial_of,
    write,
)

DEAD_DRIVER = f"{host_of(this_driver())}:999999999:1"


def contents_of(uri: str) -> list[dict[str, object]]:
    """Everything that MLflow says of the runs of searches and candidates."""
    runs = [*runs_of(uri, "search"), *runs_of(uri, "candidate")]
    return sorted((run.to_dictionary() for run in runs), key=str)


def files_of(uri: str, run_id: str) -> set[str]:
    return {item.path for item in MlflowClient(tracking_uri=uri).list_artifacts(run_id)}


def test_search_has_a_run_and_each_candidate_has_one_below_it(storage: Path, uri: str) -> None:
    result = small_search(storage)
    delivery = deliver(storage, uri, result)
    assert len(delivery.candidates) == 4
    assert (delivery.left(), delivery.faults, delivery.delivered) == ([], {}, [])
    (parent,) = runs_of(uri, "search")
    assert (parent.info.run_name, parent.info.status) == (
        "search depths synthetic tiny",
        "FINISHED",
    )
    runs = candidates_of(uri)
    assert {run.data.tags["mlflow.parentRunId"] for run in runs.values()} == {parent.info.run_id}
    assert {n: (run.info.run_name, run.info.status) for n, run in runs.items()} == {
        0: ("candidate 0", "FINISHED"),
        1: ("candidate 1", "FINISHED"),
        2: ("candidate 2", "KILLED"),
        3: ("candidate 3", "FAILED"),
    }
    assert not runs_of(uri, "trial")


def test_finished_candidate_has_its_values_its_epochs_and_its_objective(
    storage: Path, uri: str
) -> None:
    deliver(storage, uri, small_search(storage))
    run = candidates_of(uri)[1]
    assert run.data.params == {
        "system": "le",
        "model.audio.depth": "2",
        "training.learning_rate": "0.1",
    }
    assert run.data.metrics["objective_f1"] == 0.75
    for metric in ("valid_f1", "train_loss", "valid_loss"):
        assert steps_of(uri, run, metric) == [1, 2, 3]
    assert not any(name.startswith("test_") for name in run.data.metrics)  # they decide nothing
    assert run.data.tags["state"] == "finished"
    assert run.data.tags["best"] == "true"
    assert "best" not in candidates_of(uri)[0].data.tags
    assert files_of(uri, run.info.run_id) == {RECORD_FILE, PREDICTIONS_FILE}


def test_candidate_that_was_stopped_early_says_after_which_epoch(storage: Path, uri: str) -> None:
    deliver(storage, uri, small_search(storage))
    run = candidates_of(uri)[2]
    assert run.data.tags["state"] == "stopped early"
    assert run.data.tags["stopped_at_epoch"] == "2"
    assert steps_of(uri, run, "valid_f1") == [1, 2]
    assert run.data.metrics == {"valid_f1": 0.6}


def test_candidate_that_failed_says_why(storage: Path, uri: str) -> None:
    deliver(storage, uri, small_search(storage))
    run = candidates_of(uri)[3]
    assert run.data.tags["failure"] == "heads do not divide the width"
    assert run.data.metrics == {}


def test_search_has_its_winner_its_counts_and_its_files(storage: Path, uri: str) -> None:
    shares = {"model.audio.depth": 0.75, "training.learning_rate": 0.25}
    best = candidate(1, 0.75, is_best=True)
    result = search_of(candidate(0, 0.5), best, stopped(2), importances={"f1": shares})
    deliver(storage, uri, write(storage, result))
    (run,) = runs_of(uri, "search")
    assert run.data.metrics == {
        "winner_f1": 0.75,
        "importance_f1/model.audio.depth": 0.75,
        "importance_f1/training.learning_rate": 0.25,
    }
    tags = run.data.tags
    assert (tags["winner"], tags["winner_system"]) == ("1", "le")
    assert tags["winner_values"] == "model.audio.depth: 2, training.learning_rate: 0.1"
    counts = {what: tags[f"num_{what}"] for what in ("candidates", "finished", "stopped", "failed")}
    assert counts == {"candidates": "3", "finished": "2", "stopped": "1", "failed": "0"}
    assert (tags["space"], tags["corpus"], tags["scale"]) == ("depths", "synthetic", "tiny")
    folder = search_folder(result.name, storage)
    names = files_of(uri, run.info.run_id)
    assert names == {path.name for path in folder.iterdir()}
    assert {RESULT_FILE, "candidates.csv", "best.tex", "history.png", "importances.png"} <= names
    assert "tuned_study.py" in names


def test_search_for_a_cost_names_it_and_marks_the_front(storage: Path, uri: str) -> None:
    two = {"scores": {"f1": 0.75, "parameters": 2e6}, "is_best": True}
    one = {"scores": {"f1": 0.5, "parameters": 1e6}, "is_best": True}
    worse = {"scores": {"f1": 0.5, "parameters": 3e6}}
    candidates = (candidate(0, 0.75, **two), candidate(1, 0.5, **one), candidate(2, 0.5, **worse))
    deliver(storage, uri, write(storage, search_of(*candidates, costs=("parameters",))))
    (run,) = runs_of(uri, "search")
    assert run.info.run_name == "search depths synthetic tiny f1 parameters"
    assert run.data.tags["objectives"] == "f1, parameters"
    assert run.data.metrics == {"winner_f1": 0.75, "winner_parameters": 2e6}
    assert "pareto.png" in files_of(uri, run.info.run_id)
    runs = candidates_of(uri)
    assert [n for n in range(3) if "best" in runs[n].data.tags] == [0, 1]
    assert runs[1].data.metrics["objective_parameters"] == 1e6


def test_search_by_chance_says_so(storage: Path, uri: str) -> None:
    deliver(storage, uri, write(storage, search_of(candidate(0, 0.5), sampler="random")))
    (run,) = runs_of(uri, "search")
    assert run.info.run_name == "search depths synthetic tiny random"
    assert run.data.tags["sampler"] == "random"


def test_second_delivery_adds_nothing(storage: Path, uri: str) -> None:
    result = small_search(storage)
    deliver(storage, uri, result)
    before = contents_of(uri)
    answers: list[None] = []
    delivery = Delivery(storage, uri, on_answer=lambda: answers.append(None))
    delivery.catch_up([result])
    delivery.close()
    assert delivery.candidates == []
    assert contents_of(uri) == before
    assert len(answers) == 3  # the client, the experiment, all runs


def test_search_that_went_on_changes_its_winner_and_keeps_its_runs(storage: Path, uri: str) -> None:
    first = write(storage, search_of(candidate(0, 0.5, is_best=True), running(1), num_asked=3))
    deliver(storage, uri, first)
    (parent,) = runs_of(uri, "search")
    assert parent.info.status == "KILLED"  # a candidate is missing
    assert set(candidates_of(uri)) == {0}
    better = candidate(1, 0.75, is_best=True)
    second = write(storage, search_of(candidate(0, 0.5), better, stopped(2), num_asked=3))
    assert len(deliver(storage, uri, second).candidates) == 2
    (after,) = runs_of(uri, "search")
    assert (after.info.run_id, after.info.status) == (parent.info.run_id, "FINISHED")
    assert after.data.metrics["winner_f1"] == 0.75
    assert [n for n, run in candidates_of(uri).items() if "best" in run.data.tags] == [1]


def test_trial_of_a_study_and_two_searches_has_a_run_in_each(storage: Path, uri: str) -> None:
    """One of the searches stopped it early, the other did not."""
    first = write(storage, search_of(candidate(0, 0.5)))
    second = write(storage, search_of(stopped(0), space="other", id="another"))
    deliver(storage, uri, first, second)
    runs = {run.data.tags["search"]: run for run in runs_of(uri, "candidate")}
    assert {name: run.info.status for name, run in runs.items()} == {
        first.name: "FINISHED",
        second.name: "KILLED",
    }
    assert len({run.data.tags["trial"] for run in runs.values()}) == 1


def test_searches_of_one_name_in_two_storage_folders_have_runs_of_their_own(
    storage: Path, uri: str, tmp_path: Path
) -> None:
    deliver(storage, uri, small_search(storage))
    theirs = write(tmp_path / "theirs", search_of(candidate(0, 0.5), id="another"))
    deliver(tmp_path / "theirs", uri, theirs)
    assert len(runs_of(uri, "search")) == 2
    assert len(runs_of(uri, "candidate")) == 5


def test_candidate_that_is_tried_again_is_failed_no_longer(storage: Path, uri: str) -> None:
    failed = candidate(
        0, state="failed", failure="RuntimeError: no luck", valid_f1={}, is_tried_again=True
    )
    deliver(storage, uri, write(storage, search_of(failed)))
    delivery = Delivery(storage, uri)
    delivery.follow([search_of(failed)])
    delivery.start(trial_of(0))
    delivery.epoch_done(trial_of(0), make_epoch(0))
    delivery.follow([search_of(failed)])  # the search does not know that it trains
    assert candidates_of(uri)[0].info.status == "RUNNING"
    record_trial(storage, trial_of(0))
    delivery.deliver(trial_of(0).key)
    delivery.follow([write(storage, search_of(candidate(0, 0.5)))])
    delivery.close()
    run = candidates_of(uri)[0]
    assert run.info.status == "FINISHED"
    assert "failure" not in run.data.tags
    assert steps_of(uri, run, "valid_f1") == [1, 2, 3]


def test_damaged_record_of_a_candidate_is_told_and_the_others_delivered(
    storage: Path, uri: str
) -> None:
    result = small_search(storage)
    (Ledger(storage).folder(trial_of(0).key) / PREDICTIONS_FILE).write_bytes(b"damaged")
    delivery = deliver(storage, uri, result)
    (fault,) = delivery.faults.values()
    assert "not those that it recorded" in fault
    assert len(delivery.candidates) == 3
    assert delivery.left() == [f"search/{result.name}/{result.id}/0"]


def test_run_that_a_dead_driver_left_is_completed(storage: Path, uri: str) -> None:
    result = small_search(storage)
    deliver(storage, uri, result)
    client = MlflowClient(tracking_uri=uri)
    for run in (candidates_of(uri)[2], *runs_of(uri, "search")):
        client.set_tag(run.info.run_id, "driver", DEAD_DRIVER)
        client.update_run(run.info.run_id, status="RUNNING")
    Delivery(storage, uri)
    assert runs_of(uri, "search")[0].info.status == "KILLED"
    deliver(storage, uri, result)
    assert runs_of(uri, "search")[0].info.status == "FINISHED"
    assert candidates_of(uri)[2].info.status == "KILLED"


def test_delivery_killed_anywhere_delivers_each_candidate_once_in_the_end(
    storage: Path, uri: str
) -> None:
    """SIGKILL it after its 3rd answer, the next one after its 5th, until one gets to the end."""
    result = small_search(storage)
    num_killed = 0
    for num_answers in range(3, 60, 2):
        if deliver_or_die(storage, uri, result, num_answers) == 0:
            break
        num_killed += 1
    assert num_killed >= 5
    (parent,) = runs_of(uri, "search")
    assert parent.info.status == "FINISHED"
    assert steps_of(uri, parent, "winner_f1") == [0]
    runs = candidates_of(uri)
    assert {n: run.info.status for n, run in runs.items()} == {
        0: "FINISHED",
        1: "FINISHED",
        2: "KILLED",
        3: "FAILED",
    }
    for number, num_epochs in enumerate((NUM_EPOCHS, NUM_EPOCHS, 2, 0)):
        assert steps_of(uri, runs[number]) == list(range(1, num_epochs + 1))
    assert [steps_of(uri, runs[n], "objective_f1") for n in range(2)] == [[0], [0]]


def deliver_or_die(storage: Path, uri: str, result: SearchResult, num_answers: int) -> int | None:
    """Deliver in a process that kills itself after so many answers; return how it ended."""
    process = multiprocessing.get_context("fork").Process(
        target=_deliver_or_die, args=(storage, uri, result, num_answers)
    )
    process.start()
    process.join(60)
    return process.exitcode


def _deliver_or_die(storage: Path, uri: str, result: SearchResult, num_answers: int) -> None:
    answers = iter(range(num_answers - 1))

    def count() -> None:
        if next(answers, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    delivery = Delivery(storage, uri, on_answer=count)
    delivery.catch_up([result])
    delivery.close()


def test_candidate_of_unknown_record_is_delivered_from_the_result(storage: Path, uri: str) -> None:
    """Somebody removed the record, or it is on another machine."""
    deliver(storage, uri, search_of(candidate(0, 0.5)))
    run = candidates_of(uri)[0]
    assert (run.info.status, run.data.metrics["objective_f1"]) == ("FINISHED", 0.5)
    assert steps_of(uri, run, "valid_f1") == [1, 2, 3]
