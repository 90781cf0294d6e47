"""Ray, started on this machine for the length of some work."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import ray

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}


@contextmanager
def local_ray(
    storage: Path, num_cpus: int | None = None, environment: Mapping[str, str] = QUIET
) -> Iterator[None]:
    """Start Ray on this machine for the length of a sweep or a preparation.

    `environment` is what its processes see besides this one's.

    Ray puts the current folder on its workers' import path, where a user's own `models/` would
    shadow ours: so it starts in the storage folder.
    """
    os.environ.update(environment)
    came_from = Path.cwd()
    os.chdir(storage)
    try:
        ray.init(
            address="local",
            num_cpus=num_cpus,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        yield
    finally:
        ray.shutdown()
        for name in environment:
            del os.environ[name]
        os.chdir(came_from)
