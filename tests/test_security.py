"""What `docs/security.md` says of all of our code, looked up in the code itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from mmer_sweep import OWN
from orchestrator.cluster.ray_session import QUIET
from orchestrator.tracking.client import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(
    [ROOT / "mmer_sweep.py", *(f for name in OWN for f in (ROOT / name).rglob("*.py"))]
)
PICKLES = {
    "corpora/source/plain_pickle.py",  # calls nothing but what builds plain data
    "orchestrator/corpus/on_ray.py",  # what it wrote itself, for its workers
    "orchestrator/sweep/tune_adapters.py",  # the error of a worker, in a scratch folder of Tune
}
PROGRAMS = {
    "orchestrator/commands/tracking/ui.py",  # MLflow's server, on our Python
    "orchestrator/doctor/apart.py",  # our Python
    "orchestrator/trial/code_version.py",  # git
    "reports/forms/document.py",  # LaTeX
}
PICKLE = re.compile(r"(?:ray\.)?(?:cloud)?pickle\.(?:loads?|Unpickler)")
PROGRAM = re.compile(r"subprocess\.\w+|os\.(?:system|popen|exec\w+|spawn\w+)|pty\.spawn")
SAFE = {"torch.load": "weights_only=True", "np.load": "allow_pickle=False"}
AUTO = re.compile(r"Auto\w+\.from_pretrained")
"""Classes of `transformers` that may run what lies beside a checkpoint."""


def uses(pattern: re.Pattern[str]) -> set[str]:
    """Name the files that mention such a function, however they call it."""
    return {
        str(file.relative_to(ROOT))
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and pattern.fullmatch(ast.unparse(node))
    }


def calls() -> Iterator[tuple[str, ast.Call]]:
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node


def keywords(call: ast.Call) -> set[str]:
    return {ast.unparse(keyword) for keyword in call.keywords}


def test_pickles_are_read_in_these_files_alone() -> None:
    assert uses(PICKLE) == PICKLES


def test_other_programs_are_started_in_these_files_alone() -> None:
    assert uses(PROGRAM) == PROGRAMS
    assert not [call for _, call in calls() if "shell=True" in keywords(call)]


def test_loaders_of_files_are_told_to_run_nothing() -> None:
    loads = [(name, call) for name, call in calls() if name in SAFE]
    assert {name for name, _ in loads} == SAFE.keys()
    assert not [call for name, call in loads if SAFE[name] not in keywords(call)]
    automatic = [call for name, call in calls() if AUTO.fullmatch(name)]
    assert automatic
    assert not [call for call in automatic if "trust_remote_code=False" not in keywords(call)]


def test_nothing_is_evaluated() -> None:
    assert not [name for name, _ in calls() if name in ("eval", "exec")]


def test_nothing_is_told_to_the_makers_of_ray_and_mlflow() -> None:
    assert QUIET["RAY_USAGE_STATS_ENABLED"] == "0"
    assert SETTINGS["MLFLOW_DISABLE_TELEMETRY"] == "true"
    for name in ("cluster.yaml", "clusters/on-prem.yaml"):
        setup = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))["setup_commands"]
        assert any("RAY_USAGE_STATS_ENABLED=0" in line for line in setup)
    scripts = {name: (ROOT / "clusters" / name).read_text() for name in ("mlflow.sh", "slurm.sh")}
    assert "export MLFLOW_DISABLE_TELEMETRY=true" in scripts["mlflow.sh"]
    assert "RAY_USAGE_STATS_ENABLED=0" in scripts["slurm.sh"]


def test_every_sentence_names_its_test() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    claims = [row for row in rows if "held by" not in row and not row.startswith("|---")]
    assert len(claims) > 40
    assert not [row for row in claims if not re.search(r"\| `tests/[\w/]+\.py::test_\w+` \|$", row)]
