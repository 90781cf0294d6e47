from pathlib import Path

import pytest

from orchestrator.addresses.named import FILE, is_named, note_named


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMER_SWEEP_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def test_named_address_is_noted_once_without_credentials_for_this_user_alone(config: Path) -> None:
    assert not is_named("http://host")
    for uri in ("http://host", "http://me:geheim@other", "http://host"):
        note_named(uri)
    assert is_named("http://host")
    assert is_named("http://***@other")
    assert not is_named("http://hos")
    assert (config / FILE).read_text() == "http://host\nhttp://***@other\n"
    assert (config / FILE).stat().st_mode & 0o777 == 0o600


def test_configuration_that_cannot_be_written_names_nothing(config: Path) -> None:
    config.write_text("a file")
    note_named("http://host")
    assert not is_named("http://host")


def test_user_without_home_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MMER_SWEEP_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    note_named("http://host")
    assert not is_named("http://host")
