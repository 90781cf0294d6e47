"""What can one GPU do, and do the promises hold there? One table, pass or fail, in 8 minutes.

    python -m benchmarks.gpu [--device cuda|cpu] [--json FILE]

Each part runs in a process of its own for a limited time. If a part fails, the table says so, and
the other parts continue. The exit status is 1 if any part failed. All parts use one GPU: the first
that CUDA_VISIBLE_DEVICES names. Nothing is installed or downloaded: weights are random, and the
script makes a small synthetic corpus. It writes profiler traces of the three systems beside FILE,
for chrome://tracing or ui.perfetto.dev.

With `--device cpu`, sizes are small and no figure has a target: this only tests the script.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import click
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.gpu_parts.figure import Setting
from benchmarks.gpu_parts.process import CONTEXT, Outcome, Part, run_part
from benchmarks.measurement import this_machine
from orchestrator.trial.code_version import code_version

LIMIT_S = 470.0
"""The time limit of all parts together."""

SLOWER_ON_A_CPU = 10.0
"""On a CPU, which may be busy, all limits are longer by this factor."""

PACKAGE = "benchmarks.gpu_parts"
PARTS = (
    Part(f"{PACKAGE}.corpus:measure", 50),
    Part(f"{PACKAGE}.steps:measure", 80),
    Part(f"{PACKAGE}.packed:measure", 80),
    Part(f"{PACKAGE}.memory:measure", 70),
    Part(f"{PACKAGE}.checks:measure", 175),
    Part(f"{PACKAGE}.variants:measure", 40),
    Part(f"{PACKAGE}.faces:measure", 60),
    Part(f"{PACKAGE}.compiled:measure_compiled", 60, optional=True),
    Part(f"{PACKAGE}.compiled:measure_graphs", 60, optional=True, only_on_gpu=True),
)
"""The corpus comes first, because other parts need it; then the parts with targets.

These fit into the time together. The least important parts come last: if no time is left for them,
they do not count as failed.
"""


def measure(kind: str, traces: Path) -> list[Outcome]:
    """Run all parts: one at a time on a GPU; two at once on a CPU, where times mean nothing."""
    on_gpu = kind == "cuda"
    times = 1.0 if on_gpu else SLOWER_ON_A_CPU
    until = time.monotonic() + times * LIMIT_S
    first, *parts = [
        replace(part, limit_s=times * part.limit_s)
        for part in PARTS
        if on_gpu or not part.only_on_gpu
    ]
    with tempfile.TemporaryDirectory(prefix="gpu-", ignore_cleanup_errors=True) as folder:
        setting = Setting(kind, Path(folder), traces)
        begun = run_part(first, setting, until)
        with ThreadPoolExecutor(1 if on_gpu else 2) as pool:
            return [begun, *pool.map(lambda part: run_part(part, setting, until), parts)]


def describe(kind: str) -> dict[str, object]:
    """Describe the device; do not use the GPU in this process, because its memory is measured."""
    machine = this_machine(libraries=("torch", "torchvision", "transformers", "ray"))
    name, driver = _name_and_driver() if kind == "cuda" else (machine.cpu, None)
    return {
        "device": name,
        "driver": driver,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "code": code_version(),
        "machine": asdict(machine),
    }


def _name_and_driver() -> tuple[str, str]:
    """Ask for the name of the GPU in a process that ends, and for the driver of all GPUs."""
    with ProcessPoolExecutor(1, CONTEXT) as pool:
        name = pool.submit(torch.cuda.get_device_name, 0).result()
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    told = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    return name, told.splitlines()[0]


def show_one_gpu() -> None:
    """Hide all GPUs but the first visible one, from this process and all that it starts."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "0")
    os.environ["CUDA_VISIBLE_DEVICES"] = seen.partition(",")[0]


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """Lay out all figures as a table."""
    table = Table("figure", "value", "target", "verdict", "remark")
    for outcome in outcomes:
        for figure in outcome.figures:
            value = f"{figure.value:,.4g} {figure.unit}"
            table.add_row(figure.name, value, figure.target, figure.verdict, figure.remark)
    return table


@click.command()
@click.option("--device", "kind", type=click.Choice(("cuda", "cpu")), default="cuda")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path, resolve_path=True),
    default="gpu.json",
    show_default=True,
    help="Write all figures to this file, and the traces beside it.",
)
def main(kind: str, json_file: Path) -> None:
    """Measure the speed of a GPU, and check what only a GPU can show."""
    show_one_gpu()
    if kind == "cuda" and not torch.cuda.is_available():
        raise click.UsageError("PyTorch finds no GPU on this machine; choose --device cpu")
    console, where, start = Console(width=180, markup=False), describe(kind), time.monotonic()
    outcomes = measure(kind, json_file.with_suffix(""))
    seconds = round(time.monotonic() - start)
    console.print(table_of(outcomes))
    console.print(f"{where['device']}, torch {where['torch']}, {where['code']}; {seconds} s")
    content = {**where, "seconds": seconds, "parts": [asdict(outcome) for outcome in outcomes]}
    json_file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    if any(figure.holds is False for outcome in outcomes for figure in outcome.figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
