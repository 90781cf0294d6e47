from pathlib import Path

import pytest

from corpora.source import code as source
from models.build import BUILDERS
from models.configs.le import LeConfig
from models.configs.mult import MultConfig
from orchestrator.plan import code
from tests.test_layers import ROOT

LE, MULT = LeConfig(), MultConfig()


@pytest.fixture(autouse=True)
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the source, to be edited."""
    for path in ROOT.glob("*/**/*.py"):
        if path.relative_to(ROOT).parts[0] in {"models", "orchestrator", "corpora", "reports"}:
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(source, "ROOT", tmp_path)
    return tmp_path


def digests() -> tuple[str, str]:
    code._digest.cache_clear()
    return code.code_digest(LE), code.code_digest(MULT)


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_edit_of_a_model_changes_the_digest_of_its_system_alone(edited: Path) -> None:
    before = digests()
    append(edited / "models/encoders/vgg.py", "X = 1\n")
    after = digests()
    assert after[0] != before[0]
    assert after[1] == before[1]


@pytest.mark.parametrize(
    "file",
    [
        "orchestrator/training/schedule.py",
        "corpora/batches/ragged.py",
        "reports/scores/metrics.py",
        "reports/metrics/decisions.py",
        "models/init.py",
    ],
)
def test_edit_of_what_all_trials_use_changes_every_digest(edited: Path, file: str) -> None:
    before = digests()
    append(edited / file, "X = 1\n")
    assert all(one != other for one, other in zip(before, digests(), strict=True))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("models/encoders/vgg.py", '"""In other\nwords."""\n'),
        ("models/encoders/vgg.py", "\n\n# A comment.\n"),
        ("models/build.py", "X = 1\n"),
        ("orchestrator/sweep/queue.py", "X = 1\n"),
        ("reports/tables/table.py", "X = 1\n"),
    ],
    ids=["docstring", "comment", "list of systems", "sweep", "table"],
)
def test_other_edits_change_nothing(edited: Path, file: str, text: str) -> None:
    before = digests()
    append(edited / file, text)
    assert digests() == before


def test_builders_lie_where_the_digest_looks_for_them() -> None:
    for config, builder in BUILDERS.items():
        assert code.builder_of(config.__module__) == builder.__module__
