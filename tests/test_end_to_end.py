"""The whole program, as a user runs it: the real command, real Ray, real MLflow."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from corpora.parsing.sealed import parse_sealed
from corpora.store.folders import prepared_names, prepared_recipes
from corpora.store.prepared import read_manifest
from reports.ledger.ledger import Ledger
from reports.ledger.probe import Probe, architecture_of
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.orchestrator.factories import write_study_file
from tests.running import (
    COMMAND,
    NUM_TRIALS,
    call,
    lay_workplace,
    mlflow_statuses,
    ray_cluster,
    record_times,
    results,
    started,
    sweep,
    wait_for,
)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare by the command, on Ray, what other tests prepare in their own process."""
    folder = lay_workplace(tmp_path_factory.mktemp("workplace"))
    source = ("--source", "clips", "--name", "mine", "--recipe", "le", "--recipe", "xia")
    call("prepare", "clips", *source, "--storage", "base", cwd=folder)
    return folder


@pytest.fixture
def storage(workplace: Path, tmp_path: Path) -> Path:
    shutil.copytree(workplace / "base", tmp_path / "storage")
    return tmp_path / "storage"


def test_clips_become_a_table_and_the_second_run_trains_nothing(
    workplace: Path, storage: Path
) -> None:
    study = write_study_file(workplace / "small.py", max_epochs=2)
    printed = call(*sweep(study, storage), cwd=workplace)
    assert "4 trials, 0 saved by sharing: 0 finished, 4 to train" in printed
    assert "[4/4]" in printed.replace(" ", "")
    folder = storage / "tables" / "small" / "mine-tiny"
    assert {path.suffix for path in folder.iterdir()} >= {".tex", ".csv", ".json", ".md"}
    assert f"The table is in {folder}" in printed
    assert mlflow_statuses(storage) == ["FINISHED"] * NUM_TRIALS
    written, table = record_times(storage), (folder / "small.json").read_bytes()
    start = time.monotonic()
    printed = call(*sweep(study, storage), cwd=workplace)
    took_s = time.monotonic() - start
    assert "4 trials, 0 saved by sharing: 4 finished, 0 to train" in printed
    assert record_times(storage) == written
    assert (folder / "small.json").read_bytes() == table
    assert mlflow_statuses(storage) == ["FINISHED"] * NUM_TRIALS
    assert took_s < 60  # the target of 15 s is measured in benchmarks; this catches a retraining


@pytest.mark.slow
def test_sweep_trains_by_what_its_plan_measured(workplace: Path, storage: Path) -> None:
    study = write_study_file(workplace / "small.py", max_epochs=2)
    measured = ("--slots", 1, "--measure")
    place = ("--corpus", "mine", "--storage", storage)
    assert "wall time: about" in call("plan", study, *place, *measured, cwd=workplace)
    files = [*(storage / "probes").glob("*.json")]
    probes = {path: path.stat().st_mtime_ns for path in files if "device" not in path.name}
    printed = call(*sweep(study, storage, *measured), cwd=workplace)
    assert "wall time: about" in printed
    assert {path: path.stat().st_mtime_ns for path in probes} == probes
    assert_longest_first(storage, probes)


def assert_longest_first(storage: Path, probe_files: Iterable[Path]) -> None:
    """Check that each seed's trials finished in the order of what was measured, longest first."""
    probes = [parse_sealed(path.read_bytes(), Probe) for path in probe_files]
    seconds = {probe.architecture: probe.trial_s(2) for probe in probes}
    files = sorted(record_times(storage).items(), key=lambda item: item[1])
    records = Ledger(storage).finished(key for key, _ in files).values()
    took = [(record.trial.seed, seconds[architecture_of(record.trial)]) for record in records]
    assert took == sorted(took, key=lambda one: (one[0], -one[1]))
    assert len(set(took)) == NUM_TRIALS


@pytest.fixture
def cluster() -> Iterator[str]:
    with ray_cluster(Path(sys.executable)) as address:
        yield address


@pytest.mark.slow
def test_all_machines_of_a_cluster_prepare(tmp_path: Path, cluster: str) -> None:
    write_clip_folder(tmp_path / "clips", clip_lines(per_split=8))
    arguments = ("prepare", "clips", "--source", "clips", "--name", "mine", "--recipe", "le")
    call(*arguments, "--storage", "alone", cwd=tmp_path)
    call(*arguments, "--storage", "together", "--address", cluster, cwd=tmp_path)
    alone, together = (
        tmp_path / storage / "corpora" / "mine" / "le" / "train.arrow"
        for storage in ("alone", "together")
    )
    assert alone.read_bytes() == together.read_bytes()


@pytest.mark.slow
def test_cluster_that_is_not_there_is_told(tmp_path: Path) -> None:
    write_clip_folder(tmp_path / "clips")
    arguments = ("prepare", "clips", "--source", "clips", "--address", "127.0.0.1:1")
    refused = subprocess.run([COMMAND, *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "error: no Ray cluster can be joined at '127.0.0.1:1'" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_preparation_survives_the_loss_of_a_worker(tmp_path: Path) -> None:
    lines = [line | {"start": 0, "end": 1.9} for line in clip_lines(per_split=40)]
    write_clip_folder(tmp_path / "clips", lines)
    arguments = ("prepare", "clips", "--source", "clips", "--name", "mine", "--storage", "storage")
    corpora = tmp_path / "storage" / "corpora"
    with started(*arguments, cwd=tmp_path) as process:
        wait_for(lambda: len(list(corpora.glob(".mine-*/*/part.json"))) >= 2)
        family = psutil.Process(process.pid).children(recursive=True)
        workers = [member for member in family if member.name().startswith("ray::MapWork")]
        workers[0].kill()
        assert process.wait(400) == 0
    manifest = read_manifest(tmp_path / "storage", "mine", "xia")
    assert [split.num_utterances for split in manifest.splits.values()] == [40] * 3


@pytest.mark.slow
def test_killed_preparation_goes_on_where_it_was(tmp_path: Path) -> None:
    """SIGKILL the driver and all its workers: finished clips are not prepared again."""
    lines = [line | {"start": 0, "end": 1.9} for line in clip_lines(per_split=40)]
    write_clip_folder(tmp_path / "clips", lines)
    arguments = ("prepare", "clips", "--source", "clips", "--name", "mine", "--storage", "storage")
    parts = tmp_path / "storage" / "corpora"
    with started(*arguments, cwd=tmp_path) as process:
        wait_for(lambda: len(list(parts.glob(".mine-*/*/part.json"))) >= 3)
        family = psutil.Process(process.pid).children(recursive=True)
        members: list[subprocess.Popen[bytes] | psutil.Process] = [process, *family]
        for member in members:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait(60)
        psutil.wait_procs(family, timeout=20)
    num_done = 8 * len(list(parts.glob(".mine-*/*/part.json")))
    assert prepared_names(tmp_path / "storage") == []
    printed = call(*arguments, cwd=tmp_path)
    assert f"continuing: {num_done} of 120 clips are prepared already" in printed
    assert prepared_recipes(tmp_path / "storage", "mine") == ["dai", "le", "xia"]
    manifest = read_manifest(tmp_path / "storage", "mine", "le")
    assert [split.num_utterances for split in manifest.splits.values()] == [40] * 3
    assert [path.name for path in parts.iterdir() if path.is_dir()] == ["mine"]


@pytest.mark.slow
def test_records_do_not_depend_on_reusing_workers(
    workplace: Path, storage: Path, tmp_path: Path
) -> None:
    """Train each trial in a process of its own and in one that has trained others: equal."""
    script = tmp_path / "fresh_workers.py"
    script.write_text(
        "from pathlib import Path\n"
        "import sys\n"
        "from corpora.preparation.known import know_corpus\n"
        "from orchestrator.plan.plan import make_plan\n"
        "from orchestrator.cluster.machines import Machines\n"
        "from orchestrator.cluster.session import training_session\n"
        "from orchestrator.sweep.supply import Assignment\n"
        "from orchestrator.sweep.tune import train_assignments\n"
        "from reports.ledger.ledger import Ledger\n"
        "from search_spaces.catalogue import load_studies\n"
        "if __name__ == '__main__':\n"
        "    storage, study = Path(sys.argv[1]), load_studies(Path(sys.argv[2]))[0]\n"
        "    corpus = know_corpus('mine', storage)\n"
        "    plan = make_plan(study, corpus, 'tiny', None, Ledger(storage))\n"
        "    work = [Assignment(t, plan.rows_by_key[t.key][0]) for t in plan.missing]\n"
        "    one = Machines(num_slots=1)\n"
        "    reuse = sys.argv[3] == 'reuse'\n"
        "    with training_session(storage, one) as session:\n"
        "        train_assignments(session, work, watchers=(), reuse_workers=reuse)\n"
    )
    study = write_study_file(tmp_path / "short.py", max_epochs=3)
    found = []
    for workers in ("reuse", "fresh"):
        place = tmp_path / workers
        shutil.copytree(workplace / "base", place)
        command = [sys.executable, str(script), str(place), str(study), workers]
        subprocess.run(command, check=True, timeout=300, cwd=workplace)
        found.append(results(place))
    assert len(found[0]) == NUM_TRIALS
    assert found[0] == found[1]
