import os
from pathlib import Path

import pytest

from orchestrator.project.fields import ALLOWED
from orchestrator.project.read import FILE, ProjectError, find_file, read_project


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    project = read_project(tmp_path)
    assert (project.file, project.values) == (None, {})


def test_all_that_can_be_set_is_read(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        'corpus = "mine"\nscale = "tiny"\nseeds = 3\naddress = "auto"\ndevice = "cpu"\nslots = 2\n'
        "deterministic = true\nmeasure = false\nmodels = false\nlog-models = 5\n"
        'tracking-uri = "http://mlflow:5000"\nstorage = "s3://bucket/a"\n',
    )
    project = read_project(tmp_path)
    assert project.file == file
    assert project.values == {
        "storage": "s3://bucket/a",
        "corpus": "mine",
        "scale": "tiny",
        "seeds": 3,
        "address": "auto",
        "device": "cpu",
        "slots": 2,
        "deterministic": True,
        "measure": False,
        "models": False,
        "tracking_uri": "http://mlflow:5000",
        "log_models": 5.0,
    }


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    write(tmp_path, 'storage = "results"\ntracking-uri = "sqlite:///runs.db?timeout=5"\n')
    (tmp_path / ".git").mkdir()
    below = tmp_path / "studies" / "le"
    below.mkdir(parents=True)
    values = read_project(below).values
    assert values["storage"] == str(tmp_path / "results")
    assert values["tracking_uri"] == f"sqlite:///{tmp_path}/runs.db?timeout=5"


def test_storage_may_begin_with_the_home(tmp_path: Path) -> None:
    write(tmp_path, 'storage = "~/results"\n')
    assert read_project(tmp_path).values["storage"] == str(Path.home() / "results")


def test_file_counts_up_to_the_top_of_the_repository(tmp_path: Path) -> None:
    write(tmp_path, "seeds = 1\n")
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "studies").mkdir()
    assert find_file(repository / "studies") is None
    file = write(repository, "seeds = 2\n")
    assert find_file(repository / "studies") == file
    nearer = write(repository / "studies", "seeds = 3\n")
    assert find_file(repository / "studies") == nearer


def test_file_counts_up_to_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "seeds = 1\n")
    home = tmp_path / "home"
    (home / "work").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    assert find_file(home / "work") is None
    file = write(home, "seeds = 2\n")
    assert find_file(home / "work") == file


def test_file_above_counts_only_in_a_repository_or_a_home(tmp_path: Path) -> None:
    write(tmp_path, "seeds = 1\n")
    (tmp_path / "below").mkdir()
    assert find_file(tmp_path / "below") is None


def test_removed_working_folder_has_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert find_file() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "storge = 'x'",
            "'storge' is no key; did you mean 'storage'? choose from storage, corpus,",
        ),
        ("[run]\nseeds = 2", "'run' is no key; choose from storage"),
        ("tracking_uri = 'x'", "did you mean 'tracking-uri'?"),
        ("seeds = 0", 'seeds is 0; it must be a number from 1 on, or "auto"'),
        ("seeds = '5'", 'seeds is "5"; it must be a number from 1 on, or "auto"'),
        ("seeds = true", 'seeds is true; it must be a number from 1 on, or "auto"'),
        ("scale = 'big'", 'scale is "big"; it must be "tiny", "small" or "paper"'),
        ("device = 'cuda'", 'device is "cuda"; it must be "auto", "cpu" or "gpu"'),
        ("storage = ''", 'storage is ""; it must be a folder, or'),
        (f"corpus = ['{'x' * 99}']", f'corpus is ["{"x" * 58}...; it must be the name of'),
        ("slots = 1.5", "slots is 1.5; it must be a number from 1 on"),
        ("models = 1", "models is 1; it must be true or false"),
        (
            "storage = 3\nslots = 0",
            'storage is 3; it must be a folder, or "s3://BUCKET/PREFIX"; '
            "slots is 0; it must be a number from 1 on",
        ),
        ("seeds =", "is no TOML: Invalid value (at end of document)"),
        ("seeds = 1\nseeds = 2", "is no TOML: Cannot overwrite a value (at end"),
        ("x = " + "[" * 5000, "is no TOML: its lists and tables are nested too deeply"),
    ],
)
def test_fault_names_file_key_and_what_is_allowed(text: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ProjectError) as raised:
        read_project(tmp_path)
    assert str(raised.value).startswith(f"'{file}'")
    assert message in str(raised.value)


def test_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"seeds = '\xff'")
    with pytest.raises(ProjectError, match=r"is no TOML: it is not UTF-8: .* at byte 9"):
        read_project(tmp_path)


def test_page_names_every_key_and_its_example_is_right(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "project.md").read_text(encoding="utf-8")
    assert not [key for key in ALLOWED if f"`{key}`" not in page]
    write(tmp_path, page.split("```toml\n")[1].split("```")[0])
    assert read_project(tmp_path).values["seeds"] == 5


def test_storage_in_the_home_of_nobody_is_a_path_as_any_other(tmp_path: Path) -> None:
    write(tmp_path, 'storage = "~no-such-user/a"\n')
    assert read_project(tmp_path).values == {"storage": str(tmp_path / "~no-such-user/a")}


def test_nul_character_is_refused(tmp_path: Path) -> None:
    write(tmp_path, 'storage = "a\\u0000b"\n')
    with pytest.raises(ProjectError, match=r"storage is .* it must be a folder"):
        read_project(tmp_path)


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a path belong to another user: root can do that, others become another user."""
    if os.geteuid() == 0:
        os.chown(path, 54321, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 54321)


def test_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_away(write(tmp_path, 'storage = "evil"'), monkeypatch)
    with pytest.raises(ProjectError, match="belongs to another user"):
        read_project(tmp_path)


def test_repository_of_another_user_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 'storage = "evil"')
    (tmp_path / ".git").touch()
    (tmp_path / "mine").mkdir()
    assert find_file(tmp_path / "mine") == tmp_path / FILE
    give_away(tmp_path / ".git", monkeypatch)
    assert find_file(tmp_path / "mine") is None
