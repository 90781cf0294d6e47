import threading
from collections.abc import Iterator
from pathlib import Path

from corpora.errors import UserError
from orchestrator.doctor.cluster import look_at_ray
from orchestrator.doctor.examine import Check, examine
from orchestrator.doctor.finding import Finding, Wanted
from tests.orchestrator.doctor.factories import wanted


def hangs(_wanted: Wanted) -> Iterator[Finding]:
    yield Finding(subject="disk", level="ok", text="begins")
    threading.Event().wait(60)


def breaks(_wanted: Wanted) -> Iterator[Finding]:
    yield Finding(subject="disk", level="ok", text="begins")
    raise ValueError("at http://me:secret@host")


def refuses(_wanted: Wanted) -> Iterator[Finding]:
    raise UserError("there is no such thing")


def test_check_that_hangs_is_a_problem_and_the_next_goes_on(tmp_path: Path) -> None:
    checks = [Check("disk", hangs, limit_s=0.2), Check("next", refuses)]
    begun, hung, following = examine(wanted(tmp_path), checks)
    assert begun.text == "begins"
    assert (hung.level, hung.text) == ("problem", "no answer within 0.2 s")
    assert following.subject == "next"


def test_check_that_raises_is_a_problem_without_secrets(tmp_path: Path) -> None:
    checks = [Check("disk", breaks), Check("thing", refuses, is_apart=True)]
    _, broken, refused = examine(wanted(tmp_path), checks)
    assert broken.level == refused.level == "problem"
    assert broken.text == "could not be looked at: ValueError: at http://***@host"
    assert refused.text == "could not be looked at: there is no such thing"


def test_cluster_that_cannot_be_reached_is_a_problem(tmp_path: Path) -> None:
    (found,) = look_at_ray(wanted(tmp_path, address="127.0.0.1:1"))
    assert found.level == "problem"
    assert found.text.startswith("no Ray cluster can be joined at '127.0.0.1:1': ")
    assert "without --address this machine trains alone" in found.advice
