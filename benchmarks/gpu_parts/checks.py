"""The results of `make test-gpu`; without a GPU, those of the same tests on the CPU."""

import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree

from benchmarks.gpu_parts.figure import Figure, Setting

QUICK_TWINS = ("tests/gpu/test_faces.py", "tests/gpu/test_record.py")
"""Without a GPU only these run; CI runs all of them in `make test` anyway."""

SHOWN = 5
"""The most failed tests that are named."""

PASSED_OR_FAILED = (0, 1)


def measure(setting: Setting) -> Iterator[Figure]:
    """Run the tests in a process of their own.

    Raises:
        RuntimeError: If pytest did not run the tests, or found none.
    """
    report = setting.storage / "tests.xml"
    chosen = ["-m", "gpu"] if setting.on_gpu else ["-m", "not gpu and not slow", *QUICK_TWINS]
    command = [sys.executable, "-m", "pytest", "--quiet", f"--junitxml={report}", *chosen]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in PASSED_OR_FAILED:
        raise RuntimeError(f"pytest ended with exit code {done.returncode}: {done.stdout[-500:]}")
    cases = [*ElementTree.parse(report).iter("testcase")]
    failed = [case for case in cases if len(case.findall("failure") + case.findall("error"))]
    yield Figure("tests, passed", len(cases) - len(failed), f"of {len(cases)}")
    yield Figure(
        "tests, failed",
        len(failed),
        "",
        target="0",
        holds=not failed,
        remark="; ".join(f"{case.get('classname')}.{case.get('name')}" for case in failed[:SHOWN]),
    )
