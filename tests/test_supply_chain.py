"""What is installed, built and run by others is named exactly, and may do no more than it must."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
LOCKS = ("requirements.lock", "audit.lock", "mutants.lock")
COMMIT = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")
ENTRY = re.compile(r"^[\w.-]+(?:\[[\w,-]+\])?==\S+(?P<hashes>.*)")

every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda file: file.name)


def read(workflow: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    return content


def steps_of(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


@every_workflow
def test_action_is_named_by_its_commit(workflow: Path) -> None:
    actions = [step["uses"] for step in steps_of(workflow) if "uses" in step]
    assert actions
    assert not [action for action in actions if not COMMIT.fullmatch(action)]


@every_workflow
def test_workflow_may_only_read_but_for_what_publishes_the_site(workflow: Path) -> None:
    content = read(workflow)
    assert content["permissions"] == {"contents": "read"}
    jobs = content["jobs"].items()
    more = {name: job["permissions"] for name, job in jobs if "permissions" in job}
    may_publish = {"publish": {"pages": "write", "id-token": "write"}}
    assert more == (may_publish if workflow.name == "pages.yml" else {})


@every_workflow
def test_checkout_leaves_no_token_to_the_programs_that_follow(workflow: Path) -> None:
    checkouts = [one for one in steps_of(workflow) if "actions/checkout" in one.get("uses", "")]
    assert checkouts
    assert all(one["with"]["persist-credentials"] is False for one in checkouts)


@pytest.mark.parametrize("name", LOCKS)
def test_lock_names_each_package_by_its_digest_and_no_registry(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", " ", lock).splitlines()
    entries = [line for line in joined if line and not line.lstrip().startswith("#")]
    assert len(entries) > 10
    assert not [line for line in entries if "--hash=sha256:" not in line]
    assert not [line for line in entries if not ENTRY.fullmatch(line)]
    assert "://" not in lock


def test_only_packages_of_these_digests_are_installed() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = re.findall(r"^\t.*\bpip install .*\w+\.lock.*$", makefile, re.M)
    assert len(installs) == len(LOCKS)
    assert all("--require-hashes" in line and "--no-deps" in line for line in installs)


def test_audit_fails_where_a_package_could_not_be_looked_up() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "pip-audit --strict" in makefile
    assert "run: make audit" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()


def test_weakness_that_is_passed_over_has_its_reason() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (given,) = re.findall(r"^AUDIT_EXCEPTIONS :=(.*)$", makefile, re.MULTILINE)
    reasons = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
    assert not [one for one in given.split() if one != "--ignore-vuln" and one not in reasons]
