"""The conditions under which trials were trained."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from reports.ledger.record import Record
from search_spaces.trial import CorpusRef

ABSENT = "absent"


@dataclass(frozen=True)
class Fact:
    """One circumstance; `values` are the values that occur, each with its number of trials."""

    name: str
    values: tuple[tuple[str, int], ...]

    @property
    def is_mixed(self) -> bool:
        """Whether trials differ in this fact."""
        return len(self.values) > 1


@dataclass(frozen=True)
class CorpusUsed:
    """A prepared corpus that trials read; `settings` are those of its recipe, as text by name."""

    corpus: CorpusRef
    num_trials: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Environment:
    """The conditions of some trials.

    `weights` maps pretrained files to their SHA-256. `hours` is the time of all trials together.
    `newest` is the time at which the last trial started, ISO 8601 in UTC; it is empty without
    trials. The peaks are the largest of any trial; None if no trial knows its own.
    """

    num_trials: int
    facts: tuple[Fact, ...]
    corpora: tuple[CorpusUsed, ...]
    weights: Mapping[str, str]
    num_resumed: int
    hours: float
    newest: str
    num_diverged: int = 0
    peak_memory_mib: float | None = None
    peak_gpu_memory_mib: float | None = None

    @property
    def mixed(self) -> tuple[Fact, ...]:
        """The facts in which trials differ."""
        return tuple(fact for fact in self.facts if fact.is_mixed)


def describe_environment(records: Sequence[Record]) -> Environment:
    """Collect the circumstances of trials, without the hosts that they ran on."""
    circumstances = [record.circumstances for record in records]
    return Environment(
        num_trials=len(records),
        facts=count_facts(records),
        corpora=_corpora(records),
        weights={
            name: sha256
            for record in records
            for name, sha256 in sorted(record.trial.weights.items())
        },
        num_resumed=sum(bool(one.resumed_from_epochs) for one in circumstances),
        hours=sum(one.wall_s for one in circumstances) / 3600,
        newest=max((one.started_at for one in circumstances), default=""),
        num_diverged=sum(record.result.has_diverged for record in records),
        peak_memory_mib=_largest(one.peak_memory_mib for one in circumstances),
        peak_gpu_memory_mib=_largest(one.peak_gpu_memory_mib for one in circumstances),
    )


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def count_facts(records: Sequence[Record]) -> tuple[Fact, ...]:
    """Count how many trials have each code version, device, precision and so on."""
    return tuple(_count(name, map(read, records)) for name, read in _facts(records).items())


def _facts(records: Sequence[Record]) -> dict[str, Callable[[Record], str]]:
    """Map the name of each fact to the function that reads it from a record."""
    libraries = sorted({name for record in records for name in record.circumstances.libraries})
    is_split = any(record.circumstances.micro_batches for record in records)
    is_any_deterministic = any(record.circumstances.is_deterministic for record in records)
    versions: dict[tuple[str, str], str] = {}
    for record in records:  # commits that leave a system's code alone count as one version
        versions.setdefault(_code(record), record.circumstances.code_version)
    return {
        **({"what batch norm sees": _read_batches} if is_split else {}),
        **({"algorithms": _read_algorithms} if is_any_deterministic else {}),
        "code version": lambda record: versions[_code(record)],
        "device": lambda record: record.circumstances.device,
        "precision": lambda record: record.circumstances.precision,
        "number of threads": lambda record: str(record.circumstances.num_threads),
        **{name: _read_library(name) for name in libraries},
    }


def _code(record: Record) -> tuple[str, str]:
    """Name a record's code: its system, and the digest of its source, or its version without."""
    circumstances = record.circumstances
    code = circumstances.code_digest or circumstances.code_version
    return record.trial.config.model.system, code


def _read_batches(record: Record) -> str:
    """Describe the smallest batches that went through the model at once in training."""
    sizes = [size for _, size in record.circumstances.micro_batches]
    return f"micro-batches of {min(sizes)}" if sizes else "whole batches"


def _read_algorithms(record: Record) -> str:
    return "deterministic" if record.circumstances.is_deterministic else "the fastest"


def _read_library(name: str) -> Callable[[Record], str]:
    return lambda record: record.circumstances.libraries.get(name, ABSENT)


def _count(name: str, values: Iterable[str]) -> Fact:
    """Count the trials of each value, the most frequent first."""
    counts = Counter(values)
    return Fact(name, tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))))


def _corpora(records: Iterable[Record]) -> tuple[CorpusUsed, ...]:
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        corpus = record.trial.corpus
        found.setdefault((corpus.name, corpus.recipe, corpus.fingerprint), []).append(record)
    return tuple(
        CorpusUsed(
            corpus=of_corpus[0].trial.corpus,
            num_trials=len(of_corpus),
            settings=_flatten(of_corpus[0].circumstances.recipe),
        )
        for _, of_corpus in sorted(found.items())
    )


def _flatten(settings: Mapping[str, JsonValue], prefix: str = "") -> dict[str, str]:
    """Name nested settings by dotted paths, as in `spectrogram.num_mels`."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, str) else json.dumps(value)
    return flat
