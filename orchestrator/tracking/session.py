"""A mirror for the length of a sweep; it ends with the address of MLflow's page."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from orchestrator.addresses.address import is_own
from orchestrator.addresses.named import note_named
from orchestrator.addresses.pages import is_server
from orchestrator.tracking.mirror import MlflowMirror


@contextmanager
def mirrored_to_mlflow(
    storage: Path, tracking_uri: str, console: Console, *, max_model_mib: float = 0.0
) -> Iterator[MlflowMirror]:
    """Mirror the events inside the block; at the end, wait for MLflow, and print its page.

    An address other than the storage folder's own was named by this user, so it is noted as such.
    """
    if not is_own(tracking_uri, storage):
        note_named(tracking_uri)
    mirror = MlflowMirror(storage, tracking_uri, max_model_mib=max_model_mib)
    try:
        yield mirror
    finally:
        with console.status("mirroring to MLflow"):
            failure = mirror.close()
        if mirror.remark is not None:
            console.print(mirror.remark, style="yellow", markup=False)
        if failure is not None:
            console.print(
                f"MLflow lacks some of this: {failure}\n"
                "The ledger is complete. `mmer-sweep sync`, or the next sweep, delivers the rest.",
                style="yellow",
                markup=False,
            )
        page = mirror.page()
        if page is not None:
            when = "" if is_server(tracking_uri) else ", while `mmer-sweep ui` runs"
            console.print(f"MLflow shows it{when}:\n  {page}", soft_wrap=True, markup=False)
