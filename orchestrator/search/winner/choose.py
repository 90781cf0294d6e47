"""Chooses the winner of a search: trains its best candidates with more seeds, then states it."""

from rich.console import Console

from orchestrator.cluster.assignment import Assignment
from orchestrator.live.sweep import Header
from orchestrator.search.goal import SearchMeans
from orchestrator.search.search import Search
from orchestrator.search.winner.repeats import Repeats
from orchestrator.storage.patience import PATIENCE
from orchestrator.storage.trials import fetch_record
from orchestrator.sweep.studies import SweepEnd
from orchestrator.tracking.mirror import MlflowMirror
from reports.ledger.ledger import Ledger
from reports.ledger.search_result import SearchResult
from reports.scores.trials import TrialScores
from reports.search.best import find_winner
from reports.search.winner.rejection import fresh_seeds
from reports.search.winner.statement import next_repeats, state_winner


def choose_winner(
    search: Search,
    result: SearchResult,
    means: SearchMeans,
    mirror: MlflowMirror,
    console: Console,
) -> tuple[SearchResult, SweepEnd]:
    """Choose the winner of a search by more seeds of its best candidates; state it by fresh ones.

    A trial that has a record is not trained. If a trial fails, or a signal comes, the next call
    continues. Ray and PyTorch are loaded only if there is something to train.

    Args:
        search: The search.
        result: Its result, in which all candidates have ended.
        means: Where to train, and whether models are kept; these trials are not measured.
        mirror: Mirrors these trials to MLflow.
        console: Where to print.

    Returns:
        The result, and how many trials failed, with the signal that stopped it, if any. The winner
        is stated if nothing is missing.

    Raises:
        CorpusError, LedgerError, StudyError, WeightsError: See `Repeats.plan`.
    """
    repeats = Repeats(search, result, on_change=mirror.follow_search)
    missing = repeats.plan()
    stopped_by = None
    if missing:
        from orchestrator.cluster.session import training_session
        from orchestrator.sweep.tune import train_assignments
        from orchestrator.sweep.watching import watching

        points = search.points
        with training_session(search.storage, means.machines) as session:
            while missing and not repeats.num_failed and session.signals.seen is None:
                console.print(f"\n{_tell_round(repeats.result)}")
                header = Header(
                    (search.name,), points.corpus.name, points.scale, len(missing), num_finished=0
                )
                with watching(session, header, missing, mirror, console) as watched:
                    train_assignments(
                        session,
                        [Assignment(trial, row) for trial, row in missing.values()],
                        watchers=(*watched.watchers, repeats),
                        keeps_models=means.keeps_models,
                    )
                missing = {} if repeats.num_failed else repeats.plan()
            stopped_by = session.signals.seen
    return _state(search, repeats.result), SweepEnd(repeats.num_failed, stopped_by)


def _tell_round(result: SearchResult) -> str:
    """Say which candidates train next, and why."""
    pairs = next_repeats(result)
    numbers = ", ".join(str(number) for number in dict.fromkeys(number for number, _ in pairs))
    seeds = [seed for _, seed in pairs]
    if seeds[0] >= result.num_seeds:
        return f"Candidate {numbers} wins; it trains with seeds that chose nothing."
    return f"The best candidates so far train with seed {seeds[0]}: {numbers}."


def _state(search: Search, result: SearchResult) -> SearchResult:
    """State the winner, unless it is not chosen yet or lacks a seed.

    The search notes of whom it reads the test split, before it does.
    """
    winner = find_winner(result)
    if winner is None or next_repeats(result):
        return result
    candidates = tuple(
        one.model_copy(update={"is_best": one.number == winner.number}) for one in result.candidates
    )
    fresh = fresh_seeds(result.num_seeds)
    baseline = {seed: search.points.baseline(winner.system, seed).key for seed in fresh}
    for key in baseline.values():  # another machine may have trained it
        PATIENCE.at_start(fetch_record, search.storage, key)
    trial_scores = TrialScores(Ledger(search.storage))
    read_before = search.log.note_read(winner.number)
    stated = state_winner(result, trial_scores, baseline, read_before)
    trial_scores.remember()
    return result.model_copy(update={"candidates": candidates, "winner": stated})
