"""A small space, and searches of it that nobody trains for."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from orchestrator.search.journal.file import FileJournal
from orchestrator.search.journal.journal import Journal
from orchestrator.search.log import SearchLog
from reports.ledger.record import Record
from reports.ledger.search_result import Objective, SamplerName
from search_spaces.space import Choice, IntRange, LogRange, Point, Space
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.queue_bench import epoch
from tests.reports.factories import make_circumstances, make_record

F1, PARAMETERS = Objective(name="f1"), Objective(name="parameters")

SPACE = Space(
    name="small",
    title="A small space",
    systems={"le": "search_spaces.systems.le:LE"},
    fields=(
        Choice(
            name="head",
            options={
                "decoder": {"model.head": {"kind": "emotion_decoder", "depth": 1}},
                "cls": {"model.head": {"kind": "cls"}},
            },
        ),
        IntRange(path="model.head.depth", low=1, high=3, when={"head": ("decoder",)}),
        LogRange(path="training.learning_rate", low=1e-4, high=1e-2),
    ),
)
FEW = SPACE.model_copy(update={"name": "few", "fields": SPACE.fields[:1]})
"""Two points, so that candidates soon are the same trial."""


def open_log(
    place: Path | Journal,
    *,
    space: Space = SPACE,
    objectives: Sequence[Objective] = (F1,),
    identity: str = "",
    seed: int = 0,
    sampler: SamplerName = "tpe",
) -> SearchLog:
    """Open a search in a folder, or that of a journal."""
    journal = FileJournal(place) if isinstance(place, Path) else place
    return SearchLog(
        journal, space, "tiny", objectives, identity=identity, seed=seed, sampler=sampler
    )


def trial_of(point: Point, space: Space = SPACE) -> Trial:
    config = space.config(point, "any", "tiny")
    corpus = CorpusRef(name="mine", recipe="le", fingerprint="f")
    return Trial(config=config, corpus=corpus, seed=0)


def finished(
    trial: Trial, f1: Sequence[float], *, best: int | None = None, **circumstances: object
) -> Record:
    """Make the record of a trial with these scores; by default the last epoch is the best."""
    record = make_record(trial, circumstances=make_circumstances(**circumstances))
    epochs = tuple(epoch(number, score) for number, score in enumerate(f1))
    changes: Mapping[str, object] = {
        "epochs": epochs,
        "best_epoch": len(f1) - 1 if best is None else best,
    }
    return record.model_copy(update={"result": record.result.model_copy(update=changes)})


def values_of(log: SearchLog) -> list[Mapping[str, JsonValue]]:
    return [candidate.values for candidate in log.candidates(lambda point: "")]
