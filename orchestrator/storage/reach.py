"""The storage as a machine of a cluster reaches it, which may come late."""

import platform
from pathlib import Path

from corpora.store.folders import recipe_folder
from orchestrator.storage.mirror import is_bucket
from orchestrator.storage.patience import PATIENCE, Patience
from orchestrator.storage.trials import prepare_trial
from search_spaces.trial import CorpusRef, Trial


class UnreachedStorageError(Exception):
    """A machine does not reach the storage, which another one may."""


def reach_storage(place: str, trial: Trial, *, patience: Patience = PATIENCE) -> Path:
    """Return the storage folder of this machine, which may come late.

    Args:
        place: What `place_of` said on the driver.
        trial: The trial that is about to train.
        patience: With a mount or a bucket that is away.

    Raises:
        UnreachedStorageError: If it did not come.
    """
    try:
        if not is_bucket(place):
            patience.at_start(_check_folders, Path(place), trial.corpus)
        return prepare_trial(place, trial, patience=patience)
    except OSError as error:
        raise UnreachedStorageError(
            f"machine '{platform.node()}' does not reach '{place}': {error}"
        ) from error


def _check_folders(storage: Path, corpus: CorpusRef) -> None:
    """Make sure that this machine sees what a trial reads.

    Raises:
        OSError: If it does not: one that may pass, as a mount that is not there yet.
    """
    for folder in (storage, recipe_folder(storage, corpus.name, corpus.recipe)):
        if not folder.is_dir():
            raise OSError(
                f"there is no '{folder}'; every machine of a cluster must see the storage folder "
                "in the same place (NFS), or use a bucket (--storage s3://BUCKET/PREFIX)"
            )
