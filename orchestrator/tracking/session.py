"""A mirror for the length of a sweep; what it could not deliver is told at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from orchestrator.tracking.mirror import MlflowMirror


@contextmanager
def mirrored_to_mlflow(
    storage: Path, tracking_uri: str, console: Console, *, max_model_mib: float = 0.0
) -> Iterator[MlflowMirror]:
    """Mirror what happens inside the block; in the end wait for MLflow, for a bounded time."""
    mirror = MlflowMirror(storage, tracking_uri, max_model_mib=max_model_mib)
    try:
        yield mirror
    finally:
        with console.status("mirroring to MLflow"):
            failure = mirror.close()
        if failure is not None:
            console.print(
                f"MLflow lacks some of this: {failure}\n"
                "The ledger is whole. `mmer-sweep sync`, or the next sweep, delivers the rest.",
                style="yellow",
                markup=False,
            )
