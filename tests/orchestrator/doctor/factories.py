"""What the tests of `doctor` look with."""

from pathlib import Path

from orchestrator.doctor.finding import Wanted


def wanted(storage: Path | str, **other: object) -> Wanted:
    """Return the settings of a sweep with the defaults, but for some."""
    defaults: dict[str, object] = {
        "corpus": "synthetic",
        "scale": None,
        "device": "auto",
        "address": None,
        "tracking_uri": None,
    }
    return Wanted(storage=str(storage), **defaults | other)  # type: ignore[arg-type]
