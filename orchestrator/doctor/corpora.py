"""Prepared corpora: whether their manifests can be read, and whether the wanted one is there."""

from collections.abc import Iterator
from pathlib import Path

from corpora.errors import did_you_mean
from corpora.source.errors import CorpusError
from corpora.source.names import SYNTHETIC_NAMES
from corpora.store.folders import prepared_names, prepared_recipes
from corpora.store.prepared import read_manifest
from orchestrator.doctor.finding import Finding, Wanted
from orchestrator.doctor.storage import folder_of


def look_at_corpora(wanted: Wanted) -> Iterator[Finding]:
    """Read all manifests. Of a bucket, those that an earlier command fetched are looked at."""
    folder = folder_of(wanted.storage)
    names = prepared_names(folder)
    for name in names:
        yield from _look_at(name, folder, wanted)
    if wanted.corpus in names:
        return
    if wanted.corpus in SYNTHETIC_NAMES:
        text = f"{wanted.corpus} is made by the first sweep"
        yield Finding(subject="corpora", level="ok", text=text)
        return
    yield Finding(
        subject="corpora",
        level="problem",
        text=f"corpus '{wanted.corpus}' is not prepared in {folder}",
        advice=did_you_mean(wanted.corpus, (*names, *SYNTHETIC_NAMES))
        + "prepare it with `mmer-sweep prepare`, or choose another with --corpus",
    )


def _look_at(name: str, folder: Path, wanted: Wanted) -> Iterator[Finding]:
    sound = []
    for recipe in prepared_recipes(folder, name):
        try:
            manifest = read_manifest(folder, name, recipe)
        except CorpusError as error:
            yield Finding(
                subject="corpora",
                level="problem" if name == wanted.corpus else "note",
                text=f"{name}: {error}",
                advice=f"prepare '{name}' again, by recipe '{recipe}'",
            )
        else:
            num = sum(counts.num_utterances for counts in manifest.splits.values())
            sound.append(f"{recipe} ({num} utterances)")
    if sound:
        yield Finding(
            subject="corpora", level="ok", text=f"{name} is prepared by {', '.join(sound)}"
        )
