import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mlflow
import pytest

from orchestrator import terminal
from orchestrator.cli import EXIT_BAD_INPUT
from orchestrator.commands.numbers.verdict import EXIT_FAILED_CLAIMS
from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned, remember
from search_spaces.claim import greater
from tests.orchestrator.commands.numbers.test_printed import run_command
from tests.reports.factories import make_study, write_rows
from tests.reports.given.factories import BASE, FAR, long_lines, write_lines

ROOT = Path(__file__).resolve().parents[4]

Command = Callable[..., int]

HOLDS = "claims: [{id: C, row: far, rivals: [base]}]"
REVERSED = "claims: [{id: C, row: base, rivals: [far]}]"
FAILS = "claims: [{id: C, kind: same, row: base, rivals: [far], margin: 1}]"


@pytest.fixture
def verdict(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Give the command in a folder with results; it returns its exit status."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(terminal.console, "width", 80)
    write_lines(tmp_path, long_lines({"base": BASE, "far": FAR}))
    return partial(run_command, monkeypatch, "verdict")


@pytest.mark.parametrize(
    ("claims", "status"),
    [(HOLDS, 0), (REVERSED, EXIT_FAILED_CLAIMS), (FAILS, EXIT_FAILED_CLAIMS)],
)
def test_exit_status_says_whether_a_claim_failed(
    verdict: Command, tmp_path: Path, claims: str, status: int
) -> None:
    write_lines(tmp_path, [claims], "claims.yaml")
    assert verdict("results.csv", "--claims", "claims.yaml") == status


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["none.csv"], "File 'none.csv' does not exist"),
        (["results.csv", "--metric", "acc"], "no line holds a score; metrics asked for: acc"),
        (["results.csv", "--baseline", "x"], "no row 'x' in results.csv; choose from base, far"),
        (["results.csv", "--test-share", "0"], "0.0 is not in the range x>0"),
        (["results.csv", "--unit", "points"], "'points' is not one of 'percent', 'fraction'"),
        (["results.csv", "--claims", "results.csv"], "results.csv: no mapping"),
    ],
)
def test_wrong_input_ends_with_two(
    verdict: Command, capsys: pytest.CaptureFixture[str], arguments: list[str], fault: str
) -> None:
    assert verdict(*arguments) == EXIT_BAD_INPUT
    assert fault in capsys.readouterr().err.replace("\n", " ")


def test_rows_are_compared_with_the_baseline_without_claims(
    verdict: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict("results.csv", "--baseline", "far") == 0
    shown = capsys.readouterr().out
    assert "f1, minus 'far', 95 % interval:\n  base  -6.1 *  -6.5 to -5.7  n = 5" in shown
    assert "Without predictions no verdict goes beyond these test sets" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_json_holds_tables_and_verdicts(
    verdict: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lines(tmp_path, [REVERSED], "claims.yaml")
    assert verdict("results.csv", "--claims", "claims.yaml", "--json") == EXIT_FAILED_CLAIMS
    found = json.loads(capsys.readouterr().out)
    assert found["failed"] == ["C"]
    assert found["verdicts"]["claims"][0]["verdict"] == "REVERSED"
    (block,) = found["tables"][0]["blocks"]
    assert (block["origin"], block["cells"][0][0]["scores"][0]) == (
        "given",
        {"trial": "line 2", "seed": 0, "score": 0.6},
    )


def test_files_are_written_in_every_form(verdict: Command, tmp_path: Path) -> None:
    write_lines(tmp_path, [HOLDS], "claims.yaml")
    assert verdict("results.csv", "--claims", "claims.yaml", "--out", "out") == 0
    written = {str(path.relative_to(tmp_path / "out")) for path in tmp_path.glob("out/*/*")}
    forms = ("tex", "csv", "json", "md", "html")
    assert written == {
        *(f"tables/results.{form}" for form in (*forms, "plain.tex")),
        *(f"tables/results-minus-baseline.{form}" for form in (*forms, "plain.tex")),
        *(f"verdicts/results-verdicts.{form}" for form in forms),
        *(f"figures/results-f1-forest.{form}" for form in ("pdf", "png", "csv")),
    }
    page = (tmp_path / "out" / "verdict.html").read_text(encoding="utf-8")
    assert page.count("<table") == 3
    assert "HOLDS" in page


def test_huge_file_takes_seconds(verdict: Command, tmp_path: Path) -> None:
    scores = [f"{60 + (seed * 37 % 101) / 50}" for seed in range(1000)]
    write_lines(tmp_path, long_lines({f"row {number}": scores for number in range(100)}), "h.csv")
    start = time.perf_counter()
    assert verdict("h.csv") == 0
    assert time.perf_counter() - start < 60  # 4 s on an idle core


def test_start_loads_neither_torch_nor_ray(verdict: Command, tmp_path: Path) -> None:
    program = (
        "import sys; from orchestrator.cli import cli; "
        "cli(['verdict', 'results.csv'], standalone_mode=False); "
        "heavy = ('torch', 'ray', 'mlflow', 'matplotlib', 'pandas', 'scipy.stats'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def exported(blank_database: Path, tmp_path: Path) -> Path:
    """Log runs to a real MLflow, and export them as `mlflow experiments csv` does."""
    uri = f"sqlite:///{shutil.copy(blank_database, tmp_path / 'mlflow.db')}"
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment(f"sweep {tmp_path}", str(tmp_path / "artifacts"))
    for model, scores in {"base": BASE, "far": FAR}.items():
        for seed, score in enumerate(scores):
            run = client.create_run(experiment, run_name=f"{model}-{seed}")
            for name, value in {"model": model, "seed": seed, "lr": 0.1}.items():
                client.log_param(run.info.run_id, name, value)
            client.log_metric(run.info.run_id, "test_f1", score / 100)
            client.log_metric(run.info.run_id, "train_loss", 0.1)
            client.set_terminated(run.info.run_id)
    failed = client.create_run(experiment)
    client.log_param(failed.info.run_id, "model", "base")
    client.set_terminated(failed.info.run_id, "FAILED")
    path = tmp_path / "runs.csv"
    subprocess.run(
        [sys.executable, "-m", "mlflow", "experiments", "csv", "-x", experiment, "-o", str(path)],
        env={"MLFLOW_TRACKING_URI": uri, "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    return path


def test_export_of_mlflow_is_read_by_its_columns(
    verdict: Command, exported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(str(exported), "--baseline", "base") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "test_f1, minus 'base', 95 % interval: far +6.1 *" in shown
    assert "Runs that did not finish are left out: line" in shown
    assert "Not read as metrics: metrics.train_loss" in shown


def test_export_of_wandb_is_read_by_its_columns(
    verdict: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("Name", "State", "Created", "Runtime", "Sweep", "arch", "seed", "test/f1", "_step")
    lines = [",".join(f'"{name}"' for name in names)]
    for arch, scores in {"base": BASE, "far": FAR}.items():
        for seed, score in enumerate(scores):
            run = (f"vivid-tree-{seed}", "finished", "2026-01-01T00:00:00.000Z", "95", "")
            cells = (*run, arch, str(seed), str(score / 100), "800")
            lines.append(",".join(f'"{cell}"' for cell in cells))
    lines.append('"dark-bird-9","crashed","2026-01-01T00:00:00.000Z","3","","far","9","","2"')
    write_lines(tmp_path, lines, "wandb.csv")
    assert verdict("wandb.csv") == EXIT_BAD_INPUT
    assert "no column is evidently the row; name it with --row-column" in capsys.readouterr().err
    assert verdict("wandb.csv", "--row-column", "arch") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "test/f1, minus 'base', 95 % interval: far +6.1 *" in shown
    assert "left out: line 12" in shown


@pytest.mark.parametrize(("best", "status"), [("ours", 0), ("1-1-1-1", EXIT_FAILED_CLAIMS)])
def test_claims_of_a_study_in_the_storage_are_judged(
    verdict: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    best: str,
    status: int,
) -> None:
    claim = greater("C", "it is best", best, "2-2-2-2", corpus="synthetic", metric="acc")
    study, storage = make_study(claims=(claim,)), tmp_path / "storage"
    keys = write_rows(Ledger(storage), study, (12, 8, 2))
    planned = Planned(study=study, corpus="synthetic", family="synthetic", scale="tiny", keys=keys)
    remember(planned, storage)
    assert verdict("depth", "--storage", str(storage), "--json") == status
    (facts,) = json.loads(capsys.readouterr().out)["studies"]
    (judged,) = facts["claims"]
    assert (facts["study"], judged["id"], judged["num_seeds"]) == ("depth", "C", 5)
    assert judged["verdict"] == ("REVERSED" if status else "HOLDS")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone.csv",), "File 'gone.csv' does not exist"),
        (("depth", "--out", "x"), "File 'depth' does not exist"),
        (("depth", "--storage", "none"), "no study was run in"),
    ],
)
def test_neither_a_file_nor_a_study_is_refused(
    verdict: Command, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert verdict(*arguments) == EXIT_BAD_INPUT
    assert message in capsys.readouterr().err
