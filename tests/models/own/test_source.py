from pathlib import Path

import pytest

from models.own.errors import OwnCodeError
from models.own.source import read_source
from tests.models.own.own_files import write_own_files


def test_source_holds_what_the_module_imports_from_beside_it_alone(tmp_path: Path) -> None:
    (write_own_files(tmp_path) / "other.py").write_text("1 / 0\n", encoding="utf-8")
    source = read_source(tmp_path, "system")
    assert set(source.files) == {"system.py", "gate.py", "parts/scale.py"}
    assert "mmer_sweep.OwnSystem" in source.imported


def test_relative_imports_and_packages_are_followed(tmp_path: Path) -> None:
    package = tmp_path / "nets"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("from .sizes import WIDTH\n", encoding="utf-8")
    (package / "sizes.py").write_text("WIDTH = 8\n", encoding="utf-8")
    (package / "deep" / "gate.py").write_text("from .. import norm\n", encoding="utf-8")
    (package / "norm.py").write_text("import torch\n", encoding="utf-8")
    files = read_source(tmp_path, "nets.deep.gate").files
    assert set(files) == {
        "nets/__init__.py",
        "nets/sizes.py",
        "nets/norm.py",
        "nets/deep/gate.py",
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "is_other"),
    [
        ("gate.py", "num_emotions)\n", "num_emotions)  # logits\n", True),
        ("gate.py", "class GateNet", "# My gate.\n\nclass GateNet", False),
        ("parts/scale.py", "1.0", "2.0", True),
    ],
)
def test_digest_changes_with_what_counts(
    tmp_path: Path, name: str, old: str, new: str, is_other: bool
) -> None:
    before = read_source(write_own_files(tmp_path), "system").digest
    path = tmp_path / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert (read_source(tmp_path, "system").digest != before) == is_other


def test_damaged_source_is_told(tmp_path: Path) -> None:
    (tmp_path / "gate.py").write_text("class (", encoding="utf-8")
    with pytest.raises(OwnCodeError, match=r"'gate\.py' is not valid Python: .*line 1"):
        read_source(tmp_path, "gate")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"""A text."""; WIDTH = 3\n', '"""A text."""; WIDTH = 4\n'),
        ('TEXT = """\n# 3\n"""\n', 'TEXT = """\n# 4\n"""\n'),
        ('TEXT = """\n\n"""\n', 'TEXT = """\n"""\n'),
        (
            '# page\n\x0c\ndef f(x):\n    y = 2 * x\n    """Note."""\n',
            '# page\n\x0c\ndef f(x):\n    y = 3 * x\n    """Note."""\n',
        ),
    ],
)
def test_texts_that_compute_something_else_have_other_digests(
    tmp_path: Path, one: str, other: str
) -> None:
    digests = set()
    for text in (one, other):
        (tmp_path / "gate.py").write_text(text, encoding="utf-8")
        digests.add(read_source(tmp_path, "gate").digest)
    assert len(digests) == 2


@pytest.mark.parametrize(
    "content",
    ["\ufeffX = 'é'\n".encode(), "# -*- coding: latin-1 -*-\nX = 'é'\n".encode("latin-1")],
)
def test_source_is_read_in_the_encoding_that_python_reads_it_in(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "gate.py").write_bytes(content)
    assert read_source(tmp_path, "gate").files == {"gate.py": content}


def test_late_import_of_what_lies_beside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text("H = 1\n")
    (tmp_path / "gate.py").write_text("def f():\n    import math\n    from late import H\n")
    with pytest.raises(
        OwnCodeError, match=r"'gate\.py' imports 'late' within a function; import w"
    ):
        read_source(tmp_path, "gate")
