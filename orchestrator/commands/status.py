"""The command that shows what a storage knows of its trials."""

import time
from contextlib import suppress
from pathlib import Path

import click
from rich.live import Live

from orchestrator.commands.options import json_option, storage_option
from orchestrator.facts import print_facts
from orchestrator.failures.view import failures_view
from orchestrator.status.facts import collect_status, failed_trials
from orchestrator.status.view import status_view
from orchestrator.terminal import console

PAUSE_S = 2.0


@click.command("status")
@click.option("--failures", is_flag=True, help="List the failed trials by cause, with what helps.")
@click.option("--watch", is_flag=True, help="Go on and show the state every few seconds.")
@json_option
@storage_option
def status(*, failures: bool, watch: bool, as_json: bool, storage: Path) -> None:
    """Show which sweeps run, how far studies are, and what failed.

    It reads the storage alone, so it works from another terminal, and from any machine that
    reaches the storage.
    """
    if as_json:
        print_facts(collect_status(storage))
    elif failures:
        failed = failed_trials(storage)
        console.print(failures_view(failed) if failed else "No trial failed.")
    elif watch:
        with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(status_view(collect_status(storage)), refresh=True)
                time.sleep(PAUSE_S)
    else:
        console.print(status_view(collect_status(storage)))
