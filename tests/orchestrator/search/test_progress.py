import io

from rich.console import Console

from orchestrator.search.progress import SearchProgress
from reports.ledger.search_result import Candidate
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config
from tests.orchestrator.queue_bench import epoch
from tests.reports.factories import make_record

TRIAL = Trial(
    config=small_config(), corpus=CorpusRef(name="mine", recipe="le", fingerprint="f"), seed=0
)


def begin(*before: Candidate) -> tuple[SearchProgress, io.StringIO]:
    printed = io.StringIO()
    return SearchProgress(Console(file=printed, width=100), 12, before), printed


def candidate(number: int, **end: object) -> Candidate:
    given = {"number": number, "system": "le", "values": {}, "change": {}, **end}
    return Candidate.model_validate(given)


def test_each_end_is_a_line_with_the_best_so_far() -> None:
    progress, printed = begin()
    progress.ended(1, "valid F1 0.500 at epoch 2", 0.5)
    progress.ended(0, "stopped early after 2 epochs: F1 0.900")
    progress.ended(2, "failed: KeyError: [x]\nand a trace")
    progress.ended(3, "valid F1 0.250 at epoch 2", 0.25)
    assert printed.getvalue().splitlines() == [
        "[  1/12] candidate 1: valid F1 0.500 at epoch 2, the best so far",
        "[  2/12] candidate 0: stopped early after 2 epochs: F1 0.900",
        "[  3/12] candidate 2: failed: KeyError: [x]",
        "[  4/12] candidate 3: valid F1 0.250 at epoch 2",
    ]


def test_search_that_goes_on_counts_what_has_ended() -> None:
    progress, _ = begin(
        candidate(0, state="finished", scores={"f1": 0.5}),
        candidate(1, state="stopped"),
        candidate(2, state="failed"),
        candidate(3, state="running"),
    )
    head = str(progress.view()).splitlines()[0]
    assert head == "candidates: 2 of 12 ended; best valid F1 0.500"


def test_view_shows_what_trains() -> None:
    progress, printed = begin()
    progress.started(TRIAL)
    assert str(progress.view()).splitlines()[1] == f"  trial {TRIAL.key}: starts"
    progress.epoch_done(TRIAL, epoch(0, 0.5))
    progress.started(TRIAL)  # again, its process lost
    assert str(progress.view()).endswith("epoch 1/2, valid F1 0.500")
    progress.trouble(TRIAL, "its process was lost\nand more")
    assert printed.getvalue() == f"trial {TRIAL.key}: its process was lost\n"
    for end in (
        lambda: progress.finished(make_record(TRIAL)),
        lambda: progress.failed(TRIAL, "KeyError"),
        lambda: progress.stopped(TRIAL),
    ):
        progress.started(TRIAL)
        end()
        assert str(progress.view()) == "candidates: 0 of 12 ended"
