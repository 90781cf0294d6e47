import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from benchmarks.mutants import AREAS, ROOT, Area, call, configure, copy_tree

every_area = pytest.mark.parametrize("area", AREAS.values(), ids=list(AREAS))


@every_area
def test_area_names_code_and_tests_that_exist(area: Area) -> None:
    assert all(list(ROOT.glob(pattern)) for pattern in area.code)
    assert all(list(ROOT.glob(pattern)) for pattern in area.tests)


def test_copy_is_the_checkout_without_what_git_ignores(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    copied = (tmp_path / "benchmarks" / "mutants.py").read_bytes()
    assert copied == (ROOT / "benchmarks" / "mutants.py").read_bytes()
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / ".git").exists()


def test_configuration_names_the_area_and_all_else_that_its_tests_may_read(tmp_path: Path) -> None:
    test = tmp_path / "tests" / "orchestrator" / "storage" / "test_leases.py"
    for folder in (test.parent, tmp_path / "docs", tmp_path / "reports"):
        folder.mkdir(parents=True)
    test.touch()
    configure(tmp_path, AREAS["leases"])
    parser = ConfigParser()
    parser.read(tmp_path / "setup.cfg")
    options = parser["mutmut"]
    assert options["only_mutate"].split() == ["orchestrator/storage/leases.py"]
    assert options["pytest_add_cli_args_test_selection"].split() == [
        "tests/orchestrator/storage/test_leases.py"
    ]
    assert options["also_copy"].split() == ["docs"]
    assert "reports" in options["source_paths"].split()


def test_failure_of_mutmut_ends_the_command_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)ends with 3.*no such test"):
        call(Path(sys.executable), tmp_path, "-c", "print('no such test'); raise SystemExit(3)")
