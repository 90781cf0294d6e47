"""A trial in a process whose memory does not suffice for whole batches: `test_memory_limit`.

    python -m tests.orchestrator.limited_memory STORAGE MIB CHANNELS

STORAGE holds the prepared corpus, CHANNELS says how large the model is. What happened is printed as
JSON.
"""

import json
import re
import resource
import sys
from pathlib import Path

from pydantic import JsonValue

from corpora.store.prepared import read_manifest
from orchestrator.training.micro_batches import NotEnoughMemoryError
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.run import run_trial
from search_spaces.change import apply_change
from search_spaces.trial import Trial
from tests.orchestrator.factories import TRAINED_FOR, small_trial

WARM_CHANNELS = 16
CONVS: list[JsonValue] = [8, 1, 1, 1, 1]
"""Most at full resolution: batches take much memory, and parameters little."""


def make_trial(storage: Path, batch_size: int, channels: int) -> Trial:
    trial = small_trial(read_manifest(storage, "mine", "le"), precision="fp32")
    change: dict[str, JsonValue] = {
        "model.audio.pool": [1, 1],
        "model.audio.base_channels": channels,
        "model.audio.convs_per_group": CONVS,
        "model.vision.pool": [1, 1],
        "model.vision.base_channels": channels,
        "model.vision.convs_per_group": CONVS,
        "training.batch_size": batch_size,
    }
    config = apply_change(trial.config, change)
    return trial.model_copy(update={"config": config})


def address_space_bytes() -> int:
    found = re.search(r"^VmSize:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def main(storage: Path, mib: int, channels: int) -> None:
    # one utterance at a time loads all libraries, and leaves the memory that it needs
    run_trial(make_trial(storage, 1, WARM_CHANNELS), storage, trained_for=TRAINED_FOR)
    limit = address_space_bytes() + mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    troubles: list[str] = []
    found: dict[str, object] = {"troubles": troubles, "error": ""}
    try:
        record = run_trial(
            make_trial(storage, 12, channels),
            storage,
            trained_for=TRAINED_FOR,
            conditions=Conditions(keeps_model=False),
            hooks=TrialHooks(trouble=troubles.append),
        )
        found["micro_batches"] = record.circumstances.micro_batches
        found["num_epochs"] = len(record.result.epochs)
    except NotEnoughMemoryError as error:
        found["error"] = str(error)
    print(json.dumps(found))  # noqa: T201, for the test that started it


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
