import os
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_editable

from orchestrator.start import ensure_home

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Be a user whom the system does not know, who may not write to the root folder."""

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: path != "/")


@pytest.mark.parametrize("home", [None, "/"])
def test_user_without_a_home_gets_one_that_stays(
    nobody: None, home: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for _ in range(2):
        monkeypatch.delenv("HOME", raising=False)
        if home:
            monkeypatch.setenv("HOME", home)
        ensure_home()
        (folder,) = tmp_path.iterdir()
        assert Path.home() == folder
        assert folder.stat().st_mode & 0o777 == 0o700


def test_name_that_someone_else_took_is_not_used(
    nobody: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    me = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: me)
    theirs = tmp_path / f"mmer-sweep-home-{me}"
    theirs.symlink_to(tmp_path)
    ensure_home()
    assert Path.home() != theirs
    assert Path.home().parent == tmp_path


def test_home_of_a_user_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "mine"))
    ensure_home()
    assert Path.home() == tmp_path / "mine"


def test_editable_install_starts_beside_our_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A copy of the module among the installed packages would take the checkout for another's."""
    monkeypatch.chdir(CHECKOUT)
    site = tmp_path / "site"
    ZipFile(tmp_path / build_editable(str(tmp_path))).extractall(site)
    program = (
        f"import site; site.addsitedir({str(site)!r}); import mmer_sweep as our; print(our.ROOT)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == str(CHECKOUT)
