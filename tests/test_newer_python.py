"""On a newer Python the lock has newer versions of some packages: `make test-newer` uses them."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("corpora", "models", "search_spaces", "reports", "orchestrator")

USED_BY = {
    "av": "tests/corpora/media",
    "numpy": "tests/reports/scores",
    "scipy": "tests/reports/statistics",
}
"""The packages of which the lock has several versions and that we import, and tests that use them.

Each of these names is also that of the module.
"""


def locked_more_than_once() -> set[str]:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = Counter(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    return {name for name, count in locked.items() if count > 1}


def imported() -> set[str]:
    sources = [
        path.read_text(encoding="utf-8") for p in PACKAGES for path in (ROOT / p).rglob("*.py")
    ]
    return {
        name
        for text in sources
        for name in re.findall(r"^ *(?:from|import) (\w+)", text, re.MULTILINE)
    }


def test_each_package_of_several_locked_versions_is_used_on_both_sides() -> None:
    assert locked_more_than_once() & imported() == USED_BY.keys()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    tests = re.search(r"^NEWER_TESTS := (.*)$", makefile, re.MULTILINE)
    assert tests
    named = tests[1].split()
    assert set(USED_BY.values()) <= set(named)
    assert all((ROOT / name.partition("::")[0]).exists() for name in named)
    assert "tests/test_end_to_end.py::" in tests[1]
