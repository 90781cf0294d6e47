"""Sees to it that the floors under tables are there, wherever the prepared corpus is at hand."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from corpora.source.errors import CorpusError, DamagedCorpusError
from corpora.source.split import SPLITS
from corpora.store.folders import recipe_folder, split_file
from corpora.store.folds import read_folds
from corpora.store.manifest import Manifest
from corpora.store.prepared import read_manifest
from orchestrator.plan.folds import folds_of
from orchestrator.storage.publish import publish_file
from reports.ledger.floor_file import read_floor, write_floor
from reports.ledger.planned import Planned
from reports.scores.floors import corpus_under
from reports.scores.trials import TrialScores
from search_spaces.trial import CorpusRef


def ensure_floors(
    planned: Iterable[Planned], trial_scores: TrialScores, storage: Path, console: Console
) -> None:
    """Make the missing floors under the tables of studies.

    Tables whose corpus is not on this machine have none. PyTorch and scikit-learn are loaded only
    if floors are missing.

    Raises:
        LedgerError: If a record is damaged.
    """
    found = dict.fromkeys(_corpus_of(one, trial_scores) for one in planned)
    for corpus in [each for one in found if one is not None for each in _folds_of(one, storage)]:
        if read_floor(storage, corpus.content) is not None:
            continue
        try:
            manifest = _find(storage, corpus)
            if manifest is None:
                continue
            with console.status(f"floors of corpus '{corpus.name}', recipe '{corpus.recipe}'"):
                from orchestrator.floors.make import make_linear

                linear = make_linear(storage, manifest, corpus.fold)
                publish_file(storage, write_floor(storage, linear))
        except (CorpusError, MemoryError, OSError, ValueError) as error:
            # Tables are whole without floors, and all trials are done.
            console.print(f"no floors: {error}", style="yellow", markup=False)


def _corpus_of(planned: Planned, trial_scores: TrialScores) -> CorpusRef | None:
    keys = (key for row in planned.study.rows for key in planned.keys.get(row.name, ()))
    return corpus_under(planned, trial_scores.finished(keys))


def _folds_of(corpus: CorpusRef, storage: Path) -> list[CorpusRef]:
    """List the references to all folds of a corpus; itself if it has none."""
    if corpus.fold is None:
        return [corpus]
    folds = read_folds(storage, corpus.name)
    return [corpus.model_copy(update={"fold": fold}) for fold in folds_of(folds) if fold]


def _find(storage: Path, corpus: CorpusRef) -> Manifest | None:
    """Read the manifest of the corpus that trials read; None if it is not on this machine.

    Raises:
        DamagedCorpusError: If the manifest is damaged.
    """
    try:
        manifest = read_manifest(storage, corpus.name, corpus.recipe)
    except DamagedCorpusError:
        raise
    except CorpusError:  # it is not prepared here
        return None
    folder = recipe_folder(storage, corpus.name, corpus.recipe)
    is_here = all(split_file(folder, split).is_file() for split in SPLITS)
    return manifest if is_here and manifest.fingerprint == corpus.fingerprint else None
