import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.commands.schema import SCHEMAS
from search_spaces.names import STUDY_NAMES
from tests.orchestrator.factories import write_study_file
from tests.orchestrator.test_cli import Call, call  # noqa: F401  # a fixture


def facts_of(call: Call, name: str, *arguments: str) -> dict[str, Any]:  # noqa: F811
    """Call a command with `--json`, and check what it printed against its class."""
    outcome = call(*arguments, "--json")
    assert outcome.code == 0, outcome.err
    SCHEMAS[name].load().model_validate_json(outcome.out)  # nothing more, and nothing less
    facts: dict[str, Any] = json.loads(outcome.out)
    return facts


def test_list_names_what_there_is(call: Call) -> None:  # noqa: F811
    facts = facts_of(call, "list", "list")
    assert [one["name"] for one in facts["studies"]] == list(STUDY_NAMES)
    assert facts["collections"]["le2023"]
    assert facts["corpora"] == ["synthetic"]


def test_show_tells_rows_printed_values_and_claims(call: Call) -> None:  # noqa: F811
    (study,) = facts_of(call, "show STUDY", "show", "layers")["studies"]
    rows = {row["name"]: row for row in study["rows"]}
    assert rows["4-4-6-6"]["change"]["model.fusion.depth"] == 6
    assert rows["1-1-1-1"]["printed"]
    assert {"P05", "P06", "P07"} <= {claim["id"] for claim in study["claims"]}


def test_plan_tells_what_is_missing_and_what_can_be_decided(call: Call) -> None:  # noqa: F811
    facts = facts_of(call, "plan", "plan", "layers", "components", "--no-measure")
    assert facts["num_trials"] == 55
    assert len(facts["missing"]) == 55
    assert facts["missing"][0]["study"] == "layers"
    assert facts["forecast"] is None
    assert any(claim["is_decidable"] for claim in facts["claims"])


def test_corpus_is_told_by_its_manifests(
    call: Call,  # noqa: F811
    storage: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MMER_SWEEP_STORAGE", str(storage))
    facts = facts_of(call, "show CORPUS", "show", "mine")
    (manifest,) = facts["manifests"]
    assert manifest["splits"]["test"]["num_utterances"] == 12
    write_study_file(storage.parent / "own.py", max_epochs=2)
    planned = facts_of(
        call, "plan", "plan", str(storage.parent / "own.py"), "--corpus", "mine", "--no-measure"
    )
    assert [one["row"] for one in planned["missing"]] == ["shallow", "deep"] * 2


def test_quiet_leaves_json_alone(call: Call) -> None:  # noqa: F811
    outcome = call("--quiet", "plan", "layers", "--no-measure", "--json")
    assert json.loads(outcome.out)["num_trials"] == 30
    assert outcome.err == ""
    assert call("plan", "layers", "--no-measure", "--json", "--quiet") == outcome
