"""How a machine of a cluster reaches the storage, which may become available late."""

import platform
from pathlib import Path

from corpora.store.folders import recipe_folder
from orchestrator.storage.mirror import is_bucket
from orchestrator.storage.patience import PATIENCE, Patience
from orchestrator.storage.trials import prepare_trial
from search_spaces.trial import CorpusRef, Trial


class UnreachedStorageError(Exception):
    """A machine does not reach the storage; another machine may reach it."""


def reach_storage(place: str, trial: Trial, *, patience: Patience = PATIENCE) -> Path:
    """Return the storage folder of this machine; wait if it is not available yet.

    Args:
        place: The result of `place_of` on the driver.
        trial: The trial that is about to train.
        patience: How long to wait for a mount or a bucket.

    Raises:
        UnreachedStorageError: If it did not become available.
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
    """Make sure that this machine sees the files that a trial reads.

    Raises:
        OSError: If it does not. The error may pass, for example when a mount becomes available.
    """
    for folder in (storage, recipe_folder(storage, corpus.name, corpus.recipe)):
        if not folder.is_dir():
            raise OSError(
                f"there is no '{folder}'; every machine of a cluster must see the storage folder "
                "at the same path (NFS), or use a bucket (--storage s3://BUCKET/PREFIX)"
            )
