"""The command's work: ask for candidates, train them, write what was found."""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.console import Console

from corpora.preparation.known import know_corpus
from orchestrator.cluster.machines import Machines
from orchestrator.corpus.setup import ensure_corpus
from orchestrator.plan.plan import default_scale
from orchestrator.search.bookkeeper import Bookkeeper
from orchestrator.search.points import Points
from orchestrator.search.progress import SearchProgress
from orchestrator.search.search import Search, open_search
from orchestrator.storage.publish import publish_folder
from orchestrator.storage.trials import fetch_record, remove_checkpoint
from orchestrator.sweep.studies import SweepEnd
from reports.ledger.search_result import Objective
from reports.search.files import write_search
from reports.search.terminal import SearchView
from search_spaces.space import Space
from search_spaces.space_faults import check_space
from search_spaces.terms import Scale
from search_spaces.trial import Trial

MAX_WRITING = 16
"""Of how many trials that were stopped last it is looked again whether they left a checkpoint."""


def run_search(
    space: Space,
    *,
    corpus: str,
    scale: Scale | None,
    objectives: Sequence[Objective],
    num_candidates: int,
    seed: int,
    stops_early: bool,
    storage: Path,
    machines: Machines,
    keeps_models: bool,
    console: Console,
) -> SweepEnd:
    """Search a space on one corpus until there are so many candidates; write what was found.

    A search is named by space, corpus, scale and objectives: the next call goes on with it. Ray and
    PyTorch are loaded only if there is something to train.

    Raises:
        CorpusError, LedgerError, StudyError, WeightsError: Before anything is trained.
    """
    known = know_corpus(corpus, storage)
    scale = scale or default_scale(known)
    check_space(space, known.family, scale)
    points = Points(space, known, scale)
    ensure_corpus(corpus, storage, console, *points.recipes)
    search = open_search(
        points, objectives, num_candidates=num_candidates, seed=seed, storage=storage
    )
    end = SweepEnd(0, None)
    if not search.is_complete:
        end = _train(search, stops_early, storage, machines, keeps_models, console)
    _write(search, storage, console)
    return end


def _train(
    search: Search,
    stops_early: bool,
    storage: Path,
    machines: Machines,
    keeps_models: bool,
    console: Console,
) -> SweepEnd:
    """Train what the search asks for."""
    from orchestrator.cluster.session import training_session
    from orchestrator.search.early_stopping import EarlyStopping
    from orchestrator.search.supply import SearchSupply
    from orchestrator.sweep.queue import TrialQueue
    from orchestrator.sweep.tune import train

    progress = SearchProgress(console, search.num_candidates, search.candidates)
    stopping = EarlyStopping(search.points.max_epochs) if stops_early else None
    books = Bookkeeper(
        search.log,
        search.name,
        search.objectives,
        count_in=stopping.remember if stopping else lambda key, f1: None,
        announce=progress.ended,
    )

    def recall() -> None:
        for candidate in search.candidates:
            f1 = search.log.f1_of(candidate.number)
            books.recall(candidate.key, f1, was_stopped=candidate.state == "stopped")

    recall()
    stopped: deque[str] = deque(maxlen=MAX_WRITING)

    def forget_stopped(trial: Trial) -> None:
        progress.stopped(trial)
        stopped.append(trial.key)
        _remove_checkpoints(storage, stopped)

    with training_session(storage, machines) as session:
        supply = SearchSupply(
            search.log,
            TrialQueue(
                [],
                find_record=partial(fetch_record, storage),
                leases=session.leases,
                watchers=(progress, books),
            ),
            books,
            num_candidates=search.num_candidates,
            make_trial=search.points.trial,
            was_stopped=lambda key: stopping is not None and key in stopping.stopped,
            on_stopped=forget_stopped,
            recall=recall,
        )
        with progress:
            train(
                session,
                supply,
                num_trials=search.num_candidates,
                scheduler=stopping,
                keeps_models=keeps_models,
            )
        _remove_checkpoints(storage, stopped)
        return SweepEnd(books.num_failed, session.signals.seen)


def _remove_checkpoints(storage: Path, keys: Iterable[str]) -> None:
    """Remove what trials that were stopped early have left, unless storage fails: it harms nobody.

    A worker may have been writing when its trial was stopped, so this is done more than once.
    """
    for key in keys:
        with suppress(OSError):
            remove_checkpoint(storage, key)


def _write(search: Search, storage: Path, console: Console) -> None:
    """Write what was found so far, and print it."""
    result = search.result()
    files = write_search(result, search.folder)
    console.print(SearchView(result))
    console.print("\nIt is in:")
    for path in files.values():
        console.print(f"  {path}", soft_wrap=True, markup=False)
    published = publish_folder(storage, search.folder)
    if published is not None:
        console.print(f"The same is in {published}.", soft_wrap=True, markup=False)
