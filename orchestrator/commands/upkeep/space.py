"""The commands that show what takes the space of a storage, and free what can go."""

import sys
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import click
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.commands.options import gathered, json_option, storage_option
from orchestrator.errors import StorageError
from orchestrator.facts import print_facts
from orchestrator.storage.folder import CHOICES
from orchestrator.storage.leases import LEASE_S
from orchestrator.storage.mirror import mirror_at
from orchestrator.terminal import console, errors
from orchestrator.upkeep.at_work import AtWork
from orchestrator.upkeep.collected import collected_facts
from orchestrator.upkeep.garbage import Garbage, GarbageKind, Wanted, find_garbage
from orchestrator.upkeep.kinds import MARKS, is_storage
from orchestrator.upkeep.removal import Removal, remove, split_by_use
from orchestrator.upkeep.sizes import say_count, say_size
from orchestrator.upkeep.usage import UsageFacts, measure_usage

DEFAULT_KINDS: tuple[GarbageKind, ...] = ("checkpoints", "damaged")
"""What is of no use to anybody."""

MAX_LISTED = 12
"""So many things of a kind are listed; `--json` lists all."""

CONFIRMATION = "remove"


@click.command("du")
@json_option
@storage_option
def du(as_json: bool, storage: Path) -> None:
    """Show what takes the space of a storage, and what of it `gc` could free."""
    usage = measure_usage(storage)
    if as_json:
        print_facts(usage)
        return
    console.print(f"{usage.bucket or usage.storage}\n", soft_wrap=True)
    console.print(_usage_view(usage))
    if usage.corpora:
        console.print("\nPrepared corpora:")
        console.print(_corpora_view(usage))
    if usage.gc_bytes is None:
        console.print(f"\nWhat `gc` could free is not known: {usage.why_unknown}", soft_wrap=True)
    if usage.bucket is not None:
        console.print(f"\n`gc` frees this machine's mirror, {usage.storage}", soft_wrap=True)


def _usage_view(usage: UsageFacts) -> RenderableType:
    in_bucket = usage.bucket is not None
    headers = ("here", "files", *(("in the bucket", "files") if in_bucket else ()), "gc frees")
    grid = _grid("", *headers)
    for kind in usage.kinds:
        row = [kind.about, say_size(kind.num_bytes), f"{kind.num_files:,}"]
        if kind.bucket_bytes is not None:
            row += [say_size(kind.bucket_bytes), f"{kind.bucket_files:,}"]
        frees = f"{say_size(kind.gc_bytes)} {kind.gc_option}" if kind.gc_bytes else ""
        grid.add_row(*row, frees)
    total = ["all", say_size(usage.num_bytes), f"{usage.num_files:,}"]
    total += ["", ""] if in_bucket else []
    grid.add_row(*total, say_size(usage.gc_bytes) if usage.gc_bytes else "")
    return grid


def _corpora_view(usage: UsageFacts) -> RenderableType:
    grid = _grid("", "here", "files", "")
    grid.show_header = False
    for one in usage.corpora:
        name = f"{one.corpus}/{one.recipe}" if one.recipe else f"{one.corpus}, of all recipes"
        frees = "can go" if one.can_go else ""
        grid.add_row(f"  {name}", say_size(one.num_bytes), f"{one.num_files:,}", frees)
    return grid


def _grid(first: str, *others: str) -> Table:
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="")
    grid.add_column(first)
    for place, header in enumerate(others, 1):
        is_number = place < len(others)
        grid.add_column(header, justify="right" if is_number else "left", no_wrap=True)
    return grid


def choose_garbage(
    checkpoints: bool,
    damaged: bool,
    models: bool,
    keep_best: bool,
    corpora: bool,
    media: bool,
    prefixes: bool,
) -> Wanted:
    """Join the options that name kinds.

    Raises:
        UsageError: If the user keeps the best of models that do not go.
    """
    if keep_best and not models:
        raise click.UsageError("'--keep-best' needs '--models'")
    chosen: dict[GarbageKind, bool] = {
        "checkpoints": checkpoints,
        "damaged": damaged,
        "models": models,
        "corpora": corpora,
        "media": media,
        "prefixes": prefixes,
    }
    kinds = tuple(kind for kind, is_chosen in chosen.items() if is_chosen)
    return Wanted(kinds or DEFAULT_KINDS, keep_best)


garbage_options = gathered(
    "wanted",
    choose_garbage,
    click.option(
        "--checkpoints",
        is_flag=True,
        help="Checkpoints of trials that have a record, or that no plan and no search names.",
    ),
    click.option(
        "--damaged",
        is_flag=True,
        help="Files that were set aside, or left a day ago by killed writers.",
    ),
    click.option("--models", is_flag=True, help="Kept models: then `predict` does not know them."),
    click.option(
        "--keep-best",
        is_flag=True,
        help="With --models: keep the best of each row, on validation.",
    ),
    click.option(
        "--corpora", is_flag=True, help="Prepared corpora that no plan and no search names."
    ),
    click.option("--media", is_flag=True, help="Media of synthetic corpora."),
    click.option("--prefixes", is_flag=True, help="Stored maps of frozen groups."),
)


@click.command("gc")
@garbage_options
@click.option("--yes", is_flag=True, help="Remove it; without, what would go is only listed.")
@json_option
@storage_option
def gc(wanted: Wanted, yes: bool, as_json: bool, storage: Path) -> None:
    """Free space: list what can go, and remove it once that is confirmed.

    Without a kind, these are --checkpoints and --damaged, which nobody needs. Records, predictions
    and plans never go, and nothing that somebody uses. Of a bucket only this machine's mirror is
    freed, of files that the bucket has or that are made again.
    """
    if not is_storage(storage):
        raise StorageError(
            f"'{storage}' is no storage: it holds none of {', '.join(MARKS)}, so nothing in it is "
            f"removed; {CHOICES}"
        )
    at_work = AtWork(storage)
    garbage = find_garbage(storage, wanted)
    free, used = split_by_use(garbage, storage, at_work)
    if used and at_work.is_told_by_waiting():
        with console.status("watching drivers of other machines for a minute"):
            time.sleep(LEASE_S)
        free, used = split_by_use(garbage, storage, at_work)
    _list_garbage(free, used, storage)
    removal = Removal(in_use=used)
    is_confirmed = bool(free) and (yes or _confirm())
    if is_confirmed:
        done = remove(free, storage, at_work)
        removal = Removal(done.removed, [*used, *done.in_use])
        console.print(f"{_told(removal.removed)} removed.")
        for one in done.in_use:
            errors.print(f"'{one.what}' came into use meanwhile, and stays")
    elif free:
        console.print("Nothing was removed; add --yes to remove it.")
    if as_json:
        print_facts(collected_facts(storage, () if is_confirmed else free, removal))


def _confirm() -> bool:
    """Ask at a terminal; who is no person gives --yes."""
    if not is_at_terminal():
        return False
    typed = click.prompt(
        f"Type {CONFIRMATION} to remove it", default="", show_default=False, err=True
    )
    return bool(typed == CONFIRMATION)


def is_at_terminal() -> bool:
    """Whether a person can read the question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _list_garbage(free: Sequence[Garbage], used: Sequence[Garbage], storage: Path) -> None:
    mirror = mirror_at(storage)
    where = str(storage) if mirror is None else f"{storage}, this machine's mirror of {mirror.uri}"
    if not free:
        console.print(f"Nothing of that can go in {where}", soft_wrap=True)
    else:
        console.print(f"{_told(free)} can go in {where}:", soft_wrap=True)
        for (kind, why), group in groupby(free, key=lambda one: (one.kind, one.why)):
            of_kind = list(group)
            console.print(f"\n{kind} ({why}): {_told(of_kind)}")
            console.print(_lines(of_kind))
        console.print()
    if used:
        console.print(
            f"{_told(used)} could go, but somebody uses it; drivers at work keep all corpora and "
            "media:",
            soft_wrap=True,
        )
        console.print(_lines(used))
        console.print()


def _lines(garbage: Sequence[Garbage]) -> RenderableType:
    grid = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for one in garbage[:MAX_LISTED]:
        grid.add_row(f"  {say_size(one.num_bytes)}", Text(one.what))
    if len(garbage) > MAX_LISTED:
        grid.add_row("", f"and {len(garbage) - MAX_LISTED:,} more")
    return grid


def _told(garbage: Iterable[Garbage]) -> str:
    every = list(garbage)
    num_files = sum(len(one.files) for one in every)
    return f"{say_size(sum(one.num_bytes for one in every))} in {say_count(num_files, 'file')}"
