"""All checks in their order, each within a limited time; none ends the program."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from corpora.errors import UserError
from orchestrator.doctor.cluster import look_at_ray
from orchestrator.doctor.codecs import look_at_codecs
from orchestrator.doctor.corpora import look_at_corpora
from orchestrator.doctor.environment import look_at_packages, look_at_python
from orchestrator.doctor.finding import Finding, Wanted
from orchestrator.doctor.gpu import look_at_gpus
from orchestrator.doctor.storage import look_at_storage
from orchestrator.doctor.tex import look_at_tex
from orchestrator.doctor.tracking import look_at_mlflow
from orchestrator.doctor.weights import look_at_hub, look_at_weights
from orchestrator.redaction import without_secrets

SHORT_S, LONG_S = 30.0, 90.0


class Check(NamedTuple):
    """A check by what it looks at; `is_apart` if it mostly waits for another process."""

    subject: str
    look: Callable[[Wanted], Iterable[Finding]]
    limit_s: float = SHORT_S
    is_apart: bool = False


CHECKS = (
    Check("python", look_at_python),
    Check("packages", look_at_packages),
    Check("storage", look_at_storage, LONG_S),
    Check("corpora", look_at_corpora),
    Check("codecs", look_at_codecs),
    Check("weights", look_at_weights),
    Check("hub", look_at_hub),
    Check("tex", look_at_tex),
    Check("mlflow", look_at_mlflow, LONG_S, is_apart=True),
    Check("ray", look_at_ray, LONG_S, is_apart=True),
    Check("gpu", look_at_gpus, LONG_S, is_apart=True),
)


def examine(wanted: Wanted, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """Yield what the checks find, in their order, each as soon as it is known.

    Checks that wait for other processes begin at once, the others one after the other.
    """
    runs = [_Run(check, wanted) for check in checks]
    for run in runs:
        if run.check.is_apart:
            run.start()
    for run in runs:
        if not run.check.is_apart:
            run.start()
        yield from map(_without_secrets, run.findings())


def _without_secrets(finding: Finding) -> Finding:
    shown = {name: without_secrets(getattr(finding, name)) for name in ("text", "advice")}
    return finding.model_copy(update=shown)


class _Run:
    """A check that runs in a thread of its own, which is left alone if it takes too long."""

    def __init__(self, check: Check, wanted: Wanted) -> None:
        self.check = check
        self._wanted = wanted
        self._found: list[Finding] = []
        self._ends_at = 0.0
        self._thread = threading.Thread(target=self._look, name=check.subject, daemon=True)

    def start(self) -> None:
        self._ends_at = time.monotonic() + self.check.limit_s
        self._thread.start()

    def findings(self) -> list[Finding]:
        """Wait for the end of the check, or of its time."""
        self._thread.join(max(0.0, self._ends_at - time.monotonic()))
        found = list(self._found)
        if self._thread.is_alive():
            found.append(
                Finding(
                    subject=self.check.subject,
                    level="problem",
                    text=f"no answer within {self.check.limit_s:g} s",
                    advice="a sweep would wait here too: see whether its disk, mount or server "
                    "answers",
                )
            )
        return found

    def _look(self) -> None:
        try:
            for finding in self.check.look(self._wanted):
                self._found.append(finding)
        except Exception as error:  # whatever is wrong with this machine is a finding
            kind = "" if isinstance(error, UserError | OSError) else f"{type(error).__name__}: "
            self._found.append(
                Finding(
                    subject=self.check.subject,
                    level="problem",
                    text=f"could not be looked at: {kind}{error}",
                    advice="mend that, and run this command again",
                )
            )
