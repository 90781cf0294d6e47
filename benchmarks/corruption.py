"""What do commands do with a storage in which one file is damaged?

    python -m benchmarks.corruption

A small real storage is laid. Each of its files is damaged in turn: emptied, truncated, with a bit
flipped, exchanged with a sibling, replaced by a file of another schema. Then the commands that read
it run, each in a process of its own, and what they print or write is compared with that of the
whole storage. Besides, each bit of each small file is flipped, and the function that reads the file
is called.

Good outcomes are: nothing changes (the file is not read for numbers, or is made again), the file is
set aside, what it told is missing, or the command fails and names the file. A number
that changed while the exit status is 0, and a traceback, are faults.
"""

import json
import logging
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console

from benchmarks.measurement import markdown_table, this_machine
from benchmarks.trouble.command import Ended, load_commands, run_command
from benchmarks.trouble.damage import damaged, flipped, other_schema
from benchmarks.trouble.laid_storage import (
    CORPUS,
    Workplace,
    lay_notes,
    lay_workplace,
    train_missing,
)
from benchmarks.trouble.readers import Reader, reader_of
from corpora.errors import UserError
from orchestrator.upkeep.kinds import kind_of
from reports.ledger.files import DAMAGED_SUFFIX
from reports.ledger.ledger import Ledger

TOLD = (1, 2)
"""Exit statuses of a command that cannot do all; 1 if it did the rest, as `export` to a folder."""

SMALL = 8192
"""Files of at most so many bytes have each bit flipped."""

GOOD = ("equal", "made again", "set aside", "missing", "refused")
FAULTS = ("CHANGED", "TRACEBACK", "OTHER")

NOT_READ = ("mlflow.db", "mlflow-artifacts/", "tables/", "report/")
"""MLflow's own files, which MLflow reads, and what is only written."""

LAY_S = 900.0
"""How long a command may take that lays the storage."""

STUDY_NAME = "gates"
"""Its trials keep their models, those of the search do not."""

SEARCH = ("--trials", 2, "--no-measure")
"""How long the space is searched."""

NO_FIGURES = ("free_bytes",)
"""What differs from one run of a command to the next."""

QUICK = ("du", "gc", "status")
COMMANDS_OF: Mapping[str, Sequence[str]] = {
    "records": ("run", "plan", "show trial", "export", "export folder", "diff", "sync", "report"),
    "predictions": ("run", "export", "export folder", "diff", "show trial", "sync", "report"),
    "models": ("predict", "report"),
    "code": ("predict", "run"),
    "plans": ("run", "show trial", "export", "export folder", "diff", "sync", "report"),
    "corpora": ("run", "plan", "show corpus", "list", "doctor"),
    "derived": ("run", "report"),
    "failures": ("show trial", "failures"),
    "searches": ("list", "sync", "tune"),
    "mlflow": ("sync",),
    "locks": ("run", "failures"),
    "probes": ("plan measured", "doctor"),
}
"""The commands that read files of a kind, besides those that look at the whole storage."""


class Case(NamedTuple):
    """One damage, one command, and what came of it."""

    kind: str
    file: str
    damage: str
    command: str
    outcome: str
    told: str


def arguments_of(command: str, place: Workplace, storage: Path, key: str) -> list[object]:
    """Return a command line."""
    there = ("--storage", storage)
    sweep = (place.study, "--corpus", CORPUS, *there, "--slots", 1)
    clip = min((place.folder / "clips" / "media").glob("*.mp4"))
    lines: dict[str, tuple[object, ...]] = {
        "run": ("run", *sweep, "--no-measure"),
        "plan": ("plan", *sweep, "--no-measure", "--json"),
        "plan measured": ("plan", *sweep, "--measure", "--json", "--seeds", 3),
        "status": ("status", "--json", *there),
        "failures": ("status", "--failures", *there),
        "show trial": ("show", key, "--json", *there),
        "show corpus": ("show", CORPUS, "--json", *there),
        "list": ("list", "--json", *there),
        "du": ("du", *there),
        "gc": ("gc", *there),
        "export": ("export", storage / "scores.csv", *there),
        "export folder": ("export", storage / "exported", *there),
        "diff": ("diff", STUDY_NAME, STUDY_NAME, "--json", *there),
        "predict": ("predict", "--trial", key, "--text", "so happy", clip, "--json", *there),
        "sync": ("sync", "--all", *there),
        "report": ("report", *there),
        "tune": ("tune", place.space, *SEARCH, "--corpus", CORPUS, *there, "--slots", 1),
        "doctor": ("doctor", *there, "--corpus", CORPUS, "--json"),
    }
    return list(lines[command])


def numbers_of(command: str, ended: Ended, storage: Path) -> dict[str, Any]:
    """List what a command told as numbers: of JSON each leaf by its place, of files their bytes."""
    match command:
        case "run":
            files = sorted((storage / "tables").glob("*/*/*.[cj]s*"))
        case "report":
            files = sorted((storage / "report").rglob("*.[cj]s*"))
        case "tune":
            files = sorted((storage / "searches").glob("*/candidates.csv"))
        case "doctor":  # it tells of the machine, which changes
            return {}
        case "export":
            files = [storage / "scores.csv"]
        case "export folder":
            files = sorted((storage / "exported").glob("*/*/*.[jp]*"))
        case _:
            try:
                return dict(_leaves(json.loads(ended.out), ""))
            except ValueError:
                return {}
    return {str(f.relative_to(storage)): f.read_bytes() for f in files if f.is_file()}


def _leaves(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{at}/{number}")
    elif at.rpartition("/")[2] not in NO_FIGURES:
        yield at, value


def judge(
    command: str, ended: Ended, storage: Path, file: Path, whole: Mapping[str, Any], before: bytes
) -> tuple[str, str]:
    """Name the outcome, and what shows it."""
    printed = (ended.out + ended.err).replace("\n", " ")
    if ended.is_traceback:
        return "TRACEBACK", ended.err[-1500:]
    if ended.code:
        names = (file.name, file.parent.name)
        is_named = any(name in printed for name in names) and ended.code in TOLD
        return ("refused" if is_named else "OTHER"), f"{ended.code}: {printed[-600:]}"
    found = numbers_of(command, ended, storage)
    for at in found.keys() & whole.keys():
        if found[at] != whole[at] and found[at] is not None:
            return "CHANGED", f"{at}: {whole[at]!r:.200} -> {found[at]!r:.200}"
    if file.with_name(file.name + DAMAGED_SUFFIX).exists():
        return "set aside", ""
    if found.keys() != whole.keys():
        return "missing", str(sorted(found.keys() ^ whole.keys())[:3])
    is_whole = file.is_file() and file.read_bytes() == before
    return ("made again" if is_whole else "equal"), ""


def damage_files(
    place: Workplace,
    rng: random.Random,
    num_flips: int,
    only: Sequence[str],
    commands: Sequence[str],
    note: Path | None,
    *,
    every_file: bool,
) -> Iterator[Case]:
    """Damage each file of the storage in each way, and run the commands that read its kind."""
    records = Ledger(place.storage).records()
    key = min(one.key for one in records if one.circumstances.study == STUDY_NAME)
    names = [
        path.relative_to(place.storage).as_posix()
        for path in sorted(place.storage.rglob("*"))
        if path.is_file()
    ]
    parquet = next(place.storage.glob("trials/*/predictions.parquet")).read_bytes()
    whole: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    for name in names:
        kind, alike = kind_of(name), _alike(name)
        if (only and kind not in only) or _is_of_no_interest(name) or alike in seen:
            continue
        seen |= set() if every_file else {alike}
        of_kind = [other for other in names if kind_of(other) == kind and other != name]
        siblings = [o for o in of_kind if Path(o).suffix == Path(name).suffix]
        contents = [(place.storage / one).read_bytes() for one in siblings[:1]]
        content = (place.storage / name).read_bytes()
        key_of = name.split("/")[1] if name.startswith("trials/") else key
        other = other_schema(Path(name), b"PAR1" if "predictions" not in name else parquet)
        for damage, now in damaged(content, contents, other, rng, num_flips):
            for command in (*COMMANDS_OF.get(kind, ()), *QUICK):
                if commands and command not in commands:
                    continue
                of_command = f"{command} {key_of}"
                with _copied(place.storage) as storage:
                    if of_command not in whole:
                        ended = run_command(
                            arguments_of(command, place, storage, key_of), place.folder
                        )
                        if ended.code:
                            raise RuntimeError(f"{command} on the whole storage: {ended}")
                        whole[of_command] = numbers_of(command, ended, storage)
                with _copied(place.storage) as storage:
                    file = storage / name
                    file.unlink()
                    file.write_bytes(now)
                    ended = run_command(arguments_of(command, place, storage, key_of), place.folder)
                    outcome, told = judge(command, ended, storage, file, whole[of_command], content)
                case = Case(kind, name, damage, command, outcome, told)
                if note:
                    with note.open("a") as lines:
                        lines.write(json.dumps(case._asdict()) + "\n")
                yield case


def _alike(name: str) -> str:
    """Name what files of one kind share: their folder and the form of their name."""
    path = Path(name)
    digits = "0123456789abcdef"
    is_named_by_content = not set(path.stem) - set(digits) or path.parts[0] in ("drivers", "sweeps")
    return f"{path.parts[0]}/{path.suffix if is_named_by_content else path.name}"


def _is_of_no_interest(name: str) -> bool:
    """Whether a file has no content of ours, or none that a command reads."""
    return name.endswith("lock") or name.startswith(NOT_READ)


@contextmanager
def _copied(storage: Path) -> Iterator[Path]:
    """Copy the storage to where the copy before was, so that paths stay the same."""
    copy = storage.with_name("tried")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(storage, copy)
    yield copy


def flip_each_bit(
    whole_storage: Path, every: int, max_bytes: int = SMALL
) -> Iterator[tuple[str, str, int]]:
    """Flip each bit of each small file, and call the function that reads the file.

    Args:
        whole_storage: The storage; a copy of it is damaged.
        every: Flip only each so many-th bit.
        max_bytes: Leave out larger files.

    Yields:
        The file, the outcome, and how often.
    """
    with _copied(whole_storage) as storage:
        for path in sorted(p for p in whole_storage.rglob("*") if p.is_file()):
            name = path.relative_to(whole_storage).as_posix()
            read, content = reader_of(name), path.read_bytes()
            if read is None or not 0 < len(content) <= max_bytes:
                continue
            file = storage / name
            whole = read(storage, file)
            logging.disable()  # readers tell each damaged file
            outcomes: Counter[str] = Counter()
            for bit in range(0, 8 * len(content), every):
                file.write_bytes(flipped(content, bit))
                outcomes[_outcome_of(read, storage, file, whole)] += 1
                file.with_name(file.name + DAMAGED_SUFFIX).unlink(missing_ok=True)
            file.write_bytes(content)
            logging.disable(logging.NOTSET)
            for outcome, number in outcomes.items():
                yield name, outcome, number


def _outcome_of(read: Reader, storage: Path, file: Path, whole: object) -> str:
    try:
        found = read(storage, file)
    except UserError as error:
        return "refused" if file.name in str(error) or file.parent.name in str(error) else "OTHER"
    except Exception:  # what the user would see as a traceback
        return "TRACEBACK"
    if found == whole:
        return "equal"
    is_set_aside = file.with_name(file.name + DAMAGED_SUFFIX).exists()
    if is_set_aside:
        return "set aside"
    return "missing" if not found or found in ("None", "[]") else "CHANGED"


def show(counted: Mapping[tuple[str, str], Mapping[str, int]], console: Console) -> None:
    """Print how often each outcome came, by two names."""
    table = markdown_table("kind", "damage", "number", *GOOD, *FAULTS)
    for (kind, damage), outcomes in counted.items():
        numbers = [str(outcomes.get(name, 0) or "") for name in (*GOOD, *FAULTS)]
        table.add_row(kind, damage, str(sum(outcomes.values())), *numbers)
    console.print(table)


@click.command()
@click.option("--seed", default=0, show_default=True, help="Seed of what is drawn.")
@click.option("--flips", default=1, show_default=True, help="Flipped bits a file and command.")
@click.option("--every", default=1, show_default=True, help="Flip each so many-th bit of a file.")
@click.option("--kind", "kinds", multiple=True, help="Only files of this kind.")
@click.option("--command", "commands", multiple=True, help="Only this command.")
@click.option("--place", type=click.Path(path_type=Path), help="Lay the storage here, or find it.")
@click.option("--note", type=click.Path(path_type=Path), help="Append each case here, as JSON.")
@click.option("--every-file", is_flag=True, help="Damage all files of a kind, not one of each.")
@click.option("--readers-only", is_flag=True, help="Call the readers alone, no command.")
def main(
    seed: int,
    flips: int,
    every: int,
    kinds: tuple[str, ...],
    commands: tuple[str, ...],
    place: Path | None,
    note: Path | None,
    every_file: bool,
    readers_only: bool,
) -> None:
    """Damage each file of a small storage, and look what the program makes of it."""
    console = Console(highlight=False, width=200)
    os.environ["MMER_SWEEP_MEASURE"] = "0"
    start, rng = time.monotonic(), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMER_SWEEP_CONFIG"] = f"{folder}/config"
        workplace = Workplace(place or Path(folder) / "place")
        if not workplace.storage.is_dir():
            workplace.folder.mkdir(exist_ok=True)
            lay_storage(workplace)
        bits: dict[tuple[str, str], Counter[str]] = {}
        for name, outcome, number in flip_each_bit(workplace.storage, every):
            what = kind_of(name), Path(name).suffix
            bits.setdefault(what, Counter())[outcome] += number
            if outcome in FAULTS:
                console.print(f"{name}: {outcome} {number}")
        show(bits, console)
        if readers_only:
            return
        load_commands()
        counted: dict[tuple[str, str], Counter[str]] = {}
        for case in damage_files(
            workplace, rng, flips, kinds, commands, note, every_file=every_file
        ):
            counted.setdefault((case.kind, case.damage), Counter())[case.outcome] += 1
            if case.outcome in FAULTS:
                console.print(*case, soft_wrap=True, markup=False)
        show(counted, console)
    console.print(f"{time.monotonic() - start:.0f} s; {this_machine(libraries=('torch',))}")


def lay_storage(place: Workplace) -> None:
    """Lay a storage with all that a study leaves."""
    lay_workplace(place.folder)
    train_missing(place, place.storage)
    load_commands()
    for command in ("run", "tune"):
        line = arguments_of(command, place, place.storage, "")
        ended = run_command(line, place.folder, LAY_S)
        if ended.code:
            raise RuntimeError(f"`{command}` did not come to its end: {ended}")
    lay_notes(place.storage)


if __name__ == "__main__":
    main()
