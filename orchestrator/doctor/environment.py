"""Python, and the packages that the program was made for."""

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from orchestrator.doctor.finding import Finding, Wanted

OURS = "mmer-sweep"
REPAIR = "install the versions of requirements.lock: `make setup`, or `pip install -r`"


def look_at_python(_wanted: Wanted) -> Iterator[Finding]:
    """Compare this Python with the range that the program admits."""
    here = platform.python_version()
    try:
        admitted = metadata(OURS)["Requires-Python"]
    except PackageNotFoundError:
        yield Finding(
            subject="python",
            level="note",
            text=f"{here}; {OURS} is not installed, so which one it needs is not known",
            advice="install it, for instance with `make setup`",
        )
        return
    if SpecifierSet(admitted).contains(here, prereleases=True):
        yield Finding(subject="python", level="ok", text=here)
    else:
        yield Finding(
            subject="python",
            level="problem",
            text=f"{here} is not in {admitted}",
            advice=f"install {OURS} with a Python of that range",
        )


def look_at_packages(_wanted: Wanted) -> Iterator[Finding]:
    """Compare the installed packages with the ranges that the program was made for."""
    try:
        needed = [Requirement(line) for line in requires(OURS) or ()]
    except PackageNotFoundError:
        return  # `look_at_python` says so
    needed = [one for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    yield from compare_packages(needed)


def compare_packages(needed: list[Requirement]) -> Iterator[Finding]:
    """Tell of each package that is missing, or of another version than needed."""
    faults = [fault for one in needed if (fault := _fault(one)) is not None]
    for fault in faults:
        yield Finding(subject="packages", level="problem", text=fault, advice=REPAIR)
    if not faults:
        yield Finding(
            subject="packages", level="ok", text=f"{len(needed)} are in the ranges that are needed"
        )


def _fault(needed: Requirement) -> str | None:
    try:
        here = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is not installed; needed is {needed.specifier or 'any version'}"
    if needed.specifier.contains(here, prereleases=True):
        return None
    return f"{needed.name} {here} is not in {needed.specifier}"
