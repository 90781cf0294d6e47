"""Runs a search: asks for candidates, trains them, and writes the result."""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.console import Console

from corpora.preparation.known import know_corpus
from orchestrator.candidates.work import SearchWork
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.failures.notes import notes_in
from orchestrator.live.failure_notes import NotingFailures
from orchestrator.live.publish import published
from orchestrator.live.sweep import Header, LiveSweep
from orchestrator.plan.folds import refuse_folds
from orchestrator.plan.place import Place
from orchestrator.plan.plan import default_scale, is_of_other_code
from orchestrator.search.candidate_log import CandidateLog
from orchestrator.search.goal import SearchGoal, SearchMeans
from orchestrator.search.points import Points
from orchestrator.search.progress import ENDED, SearchProgress
from orchestrator.search.sampling import NUM_RANDOM, draw_at_random, with_trials
from orchestrator.search.search import Search, find_rival, open_search
from orchestrator.search.winner.choose import choose_winner
from orchestrator.storage.patience import PATIENCE
from orchestrator.storage.publish import publish_files
from orchestrator.storage.trials import fetch_record, remove_checkpoint
from orchestrator.sweep.studies import SweepEnd
from orchestrator.tracking.mirror import MlflowMirror
from reports.ledger.ledger import Ledger
from reports.ledger.search_result import SearchResult
from reports.scores.trials import decides_alike_on_valid
from reports.search.files import write_search
from reports.search.terminal import SearchView
from search_spaces.space import Space
from search_spaces.space_faults import check_space
from search_spaces.study import RowRef
from search_spaces.trial import Trial

MAX_WRITING = 16
"""How many of the last stopped trials are checked again for checkpoints that they left."""


def run_search(
    space: Space,
    place: Place,
    goal: SearchGoal,
    means: SearchMeans,
    mirror: MlflowMirror,
    console: Console,
) -> SweepEnd:
    """Search a space on one corpus until there are enough candidates; write and mirror the result.

    A search is named by space, corpus, scale, objectives and sampler; the next call continues it.
    The first candidates are measured: that gives all of them their shares of machines, and a
    forecast.
    Ray and PyTorch are loaded only if there is something to train. The result is compared with the
    search that the goal is `against`, as that one stands when this one is done.

    Raises:
        CorpusError, FitError, LedgerError, ProbeError, StudyError, WeightsError: Before anything is
            trained.
    """
    known, storage = know_corpus(place.corpus, place.storage), place.storage
    refuse_folds(known, "a search")
    scale = place.scale or default_scale(known)
    check_space(space, known.family, scale)
    points = Points(space, known, scale)
    if goal.against is not None:
        find_rival(points, goal, goal.against, storage=storage)
    ensure_corpus(place.corpus, storage, console, *points.recipes)
    search = open_search(points, goal, storage=storage)
    end = SweepEnd(0, None)
    if not search.is_complete:
        end = _train(search, goal, means, mirror, console)
    result = search.result()
    if search.num_seeds > 1 and result.has_all_candidates and end.stopped_by is None:
        result, more = choose_winner(search, result, means, mirror, console)
        end = SweepEnd(end.num_failed + more.num_failed, more.stopped_by)
    rival = None
    if goal.against is not None:
        rival = find_rival(points, goal, goal.against, storage=storage)
    _write(result, rival, search, console)
    mirror.follow_search(result)
    return end


def _train(
    search: Search,
    goal: SearchGoal,
    means: SearchMeans,
    mirror: MlflowMirror,
    console: Console,
) -> SweepEnd:
    """Train the candidates that the search asks for."""
    from orchestrator.candidates.plan import plan_search
    from orchestrator.cluster.session import training_session
    from orchestrator.own.checking import check_own_systems
    from orchestrator.search.early_stopping import EarlyStopping
    from orchestrator.search.supply import SearchHooks, SearchSupply
    from orchestrator.sweep.queue import TrialQueue
    from orchestrator.sweep.tune import train

    def row_of(key: str) -> RowRef:
        number = next(iter(books.numbers_of(key)), None)
        return RowRef(search.name, "a candidate") if number is None else books.row_of(number)

    header = Header(
        names=(search.name,),
        corpus=search.points.corpus.name,
        scale=search.points.scale,
        num_trials=search.num_candidates,
        num_finished=sum(one.state in ENDED for one in search.candidates),
    )
    live = LiveSweep(header, lambda key: row_of(key).row)
    progress = SearchProgress(console, search.num_candidates, search.candidates, live)
    noting = NotingFailures(notes_in(search.storage), row_of)
    ledger = Ledger(search.storage)
    stopping = EarlyStopping(search.points.max_epochs) if goal.stops_early else None
    books = CandidateLog(
        search.log,
        search.name,
        search.objectives,
        decides_alike=lambda record: PATIENCE.at_start(decides_alike_on_valid, ledger, record),
        count_in=stopping.remember if stopping else lambda key, f1: None,
        announce=progress.ended,
    )

    mirrored: list[SearchResult] = []

    def recall() -> None:
        result = search.snapshot(search.candidates)
        for one in result.candidates:
            books.recall(one.key, one.valid_f1, was_stopped=one.state == "stopped")
        if not mirrored or _states(result) != _states(mirrored[0]):
            mirror.follow_search(result)
            mirrored[:] = [result]

    recall()
    stopped: deque[str] = deque(maxlen=MAX_WRITING)

    def forget_stopped(trial: Trial) -> None:
        live.stopped(trial)
        stopped.append(trial.key)
        _remove_checkpoints(search.storage, stopped)

    with training_session(search.storage, means.machines) as session:
        check_own_systems(search.points.baselines.values(), search.storage)
        shares = None
        if means.measures != "none":
            work = _work_left(search, goal)
            anew = means.measures == "all"
            shares = plan_search(session, work, means.prices, console, anew=anew)
        supply = SearchSupply(
            search.log,
            TrialQueue(
                [],
                find_record=partial(fetch_record, search.storage),
                leases=session.leases,
                watchers=(live, noting, progress, books, mirror),
            ),
            books,
            SearchHooks(
                make_trial=search.points.trial,
                was_stopped=lambda key: stopping is not None and key in stopping.stopped,
                on_stopped=forget_stopped,
                recall=recall,
                shares=shares,
            ),
            num_candidates=search.num_candidates,
        )
        live.is_stopping = lambda: session.signals.seen is not None
        driver = session.leases.driver
        with published(live, search.storage, driver, lambda: mirror.num_waiting), progress:
            train(
                session,
                supply,
                num_trials=search.num_candidates,
                scheduler=stopping,
                keeps_models=means.keeps_models,
            )
        _remove_checkpoints(search.storage, stopped)
        return SweepEnd(books.num_failed, session.signals.seen)


def _work_left(search: Search, goal: SearchGoal) -> SearchWork:
    """List the candidates that a search measures, and those that it has yet to train.

    Those to come are drawn at random, although TPE will draw most of them otherwise.
    """
    points, num = search.points, goal.num_candidates
    first = draw_at_random(points, goal.seed, range(min(num, NUM_RANDOM)))
    begun = with_trials(points, (asked.point for asked in search.log.open_candidates()))
    coming = draw_at_random(points, goal.seed, range(len(search.candidates), num))
    return SearchWork(first, [*begun, *coming], num, goal.stops_early)


def _states(result: SearchResult) -> list[str]:
    return [candidate.state for candidate in result.candidates]


def _remove_checkpoints(storage: Path, keys: Iterable[str]) -> None:
    """Remove the checkpoints of trials that were stopped early.

    If storage fails, they stay, which does no harm. A worker may still write a checkpoint when its
    trial is stopped, so this is called more than once.
    """
    for key in keys:
        with suppress(OSError):
            remove_checkpoint(storage, key)


def _write(
    result: SearchResult, rival: SearchResult | None, search: Search, console: Console
) -> None:
    """Write and print the result so far, beside that of another search."""
    storage = search.storage
    files = write_search(result, search.folder, rival)
    console.print(SearchView(result, rival))
    ledger = Ledger(storage)
    records = [ledger.find(candidate.key) for candidate in result.candidates if candidate.key]
    if num := sum(record is not None and is_of_other_code(record) for record in records):
        console.print(f"Other code than this trained {num} of the candidates.", style="yellow")
    console.print("\nThe result is in:")
    for path in files.values():
        console.print(f"  {path}", soft_wrap=True, markup=False)
    published = publish_files(storage, search.folder, files.values())
    if published is not None:
        console.print(f"The same is in {published}.", soft_wrap=True, markup=False)
