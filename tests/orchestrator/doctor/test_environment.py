import tomllib
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

from orchestrator.doctor.environment import compare_packages, look_at_packages, look_at_python
from tests.orchestrator.doctor.factories import wanted

ROOT = Path(__file__).resolve().parents[3]


def test_this_environment_is_as_needed(tmp_path: Path) -> None:
    (python,) = look_at_python(wanted(tmp_path))
    (packages,) = look_at_packages(wanted(tmp_path))
    assert (python.level, packages.level) == ("ok", "ok")


def test_ranges_of_the_project_fit_what_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (found,) = compare_packages([Requirement(line) for line in project["dependencies"]])
    assert found.level == "ok"


def test_each_package_that_does_not_fit_is_a_problem() -> None:
    needed = ["click<1", "no-such-package>=2", "pydantic"]
    old, missing = compare_packages([Requirement(line) for line in needed])
    assert (old.level, old.text) == ("problem", f"click {version('click')} is not in <1")
    assert missing.text == "no-such-package is not installed; needed is >=2"
    assert "requirements.lock" in missing.advice
