"""How long does a command take, beside the same trials one after another as processes?

    mmer-sweep prepare synthetic --storage STORAGE
    python -m benchmarks.plain_processes STORAGE [--study layers] [--seeds 1]

The plain script starts a process for each trial. The process loads its libraries and the corpus,
trains on all cores and writes down the scores: what a researcher's script does in a loop of the
shell. It measures nothing, packs nothing and has no MLflow. The command is a whole `mmer-sweep`
in a fresh process, with an empty ledger: from its start to the table, figures and MLflow included.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from benchmarks.measurement import markdown_table, this_machine
from benchmarks.orchestration_overhead import empty_storage
from corpora.preparation.known import know_corpus
from corpora.source.names import SYNTHETIC
from orchestrator.plan.plan import make_plan, missing_trials
from reports.ledger.ledger import Ledger
from search_spaces.catalogue import find_study
from search_spaces.trial import Trial

PROGRAM = "from mmer_sweep import main; main()"
SCRIPT = """
import sys
from pathlib import Path

import torch

from corpora.parsing.json_text import parse_json
from models.build import build
from models.init import init_weights
from orchestrator.training.loop import start_training, train
from orchestrator.trial.open_corpus import open_corpus, task_of
from search_spaces.trial import Trial

trial = parse_json(Path(sys.argv[1]).read_bytes(), Trial)
config = trial.config
corpus = open_corpus(Path(sys.argv[2]), trial.corpus, config.model, torch.device("cpu"))
model = build(config.model, task_of(corpus, config.model))
init_weights(model, trial.seed)
state = start_training(model, corpus, config.training, seed=trial.seed)
trained = train(
    state, corpus, config.training, seed=trial.seed, precision="fp32", on_epoch=lambda *_: None
)
print(trained.epochs[trained.best_epoch].valid)
"""


def time_script(trials: Sequence[Trial], storage: Path) -> float:
    """Train trials one after another, each in a process; return the seconds."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for trial in trials:
            file = Path(folder) / "trial.json"
            file.write_text(trial.model_dump_json(), encoding="utf-8")
            run("-c", SCRIPT, str(file), str(storage))
    return time.perf_counter() - start


def time_command(study: str, num_seeds: int, storage: Path) -> float:
    """Run a whole command with an empty ledger; return the seconds."""
    start = time.perf_counter()
    run("-c", PROGRAM, study, "--seeds", str(num_seeds), "--storage", str(storage))
    return time.perf_counter() - start


def run(*arguments: str) -> None:
    """Run Python.

    Raises:
        subprocess.CalledProcessError: If it fails.
    """
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)


@click.command()
@click.argument("storage", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--study", default="layers")
@click.option("--seeds", "num_seeds", type=click.IntRange(min=1), default=1)
def main(storage: Path, study: str, num_seeds: int) -> None:
    """Time a command, and a plain script with the same trials."""
    machine = this_machine(libraries=("torch", "ray"))
    with empty_storage(storage) as empty:
        known = know_corpus(SYNTHETIC, empty)
        plan = make_plan(find_study(study), known, "tiny", num_seeds, Ledger(empty))
        trials = [trial for trial, _ in missing_trials([plan]).values()]
        script_s, command_s = time_script(trials, empty), time_command(study, num_seeds, empty)
    table = markdown_table("trials", "plain script, s", "command, s", "times as fast")
    ratio = f"{script_s / command_s:.2f}"
    table.add_row(str(len(trials)), f"{script_s:.0f}", f"{command_s:.0f}", ratio)
    console = Console(highlight=False, width=200)
    console.print(f"{machine}\nstudy '{study}', {num_seeds} seeds a row\n")
    console.print(table)


if __name__ == "__main__":
    main()
