from pathlib import Path

import pytest

from corpora.parsing.paths import expand_home


def test_home_of_the_user_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert expand_home("~/a") == expand_home(Path("~/a")) == Path("/home/me/a")
    assert expand_home("a/~") == Path("a/~")


def test_home_of_nobody_stays_as_it_is() -> None:
    assert expand_home("~no-such-user/a") == Path("~no-such-user/a")
