import io

from rich.console import Console

from orchestrator.live.sweep import Header, LiveSweep
from orchestrator.search.progress import SearchProgress
from reports.ledger.search_result import Candidate
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config
from tests.orchestrator.queue_bench import epoch

TRIAL = Trial(
    config=small_config(), corpus=CorpusRef(name="mine", recipe="le", fingerprint="f"), seed=0
)


def begin(*before: Candidate) -> tuple[SearchProgress, io.StringIO]:
    printed = io.StringIO()
    live = LiveSweep(Header(("x",), "mine", "tiny", 12, 0), lambda key: "candidate 3")
    return SearchProgress(Console(file=printed, width=100), 12, before, live), printed


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
    assert drawn(progress)[0] == "candidates: 2 of 12 ended; best valid F1 0.500"


def test_view_shows_what_trains() -> None:
    live = LiveSweep(Header(("x",), "mine", "tiny", 12, 0), lambda key: "candidate 3")
    printed = io.StringIO()
    console = Console(file=printed, width=100)
    progress = SearchProgress(console, 12, (), live)
    live.started(TRIAL)
    assert drawn(progress) == ["candidates: 0 of 12 ended", "1 candidate 3 seed 0 epoch 0/2"]
    live.epoch_done(TRIAL, epoch(0, 0.5))
    live.started(TRIAL)  # again, its process lost
    assert drawn(progress)[1] == "1 candidate 3 seed 0 epoch 1/2 \u2581 valid F1 0.500"
    progress.trouble(TRIAL, "its process was lost\nand more")
    assert printed.getvalue() == "candidate 3: its process was lost\n"
    live.stopped(TRIAL)
    assert drawn(progress) == ["candidates: 0 of 12 ended"]
    live.is_stopping = lambda: True
    assert drawn(progress) == ["candidates: 0 of 12 ended; stopping: what is finished is kept"]


def drawn(progress: SearchProgress) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as capture:
        console.print(progress.view())
    return [" ".join(line.split()) for line in capture.get().splitlines()]
