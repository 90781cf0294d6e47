"""What holds for all tests."""

import gc
import os
from pathlib import Path

import pytest

# Sweeps of tests train two or four short trials: measuring them first would take longer. One that
# is about measuring says `--measure`.
os.environ.setdefault("MMER_SWEEP_MEASURE", "0")

# Test processes already fill the cores. More threads than cores wait for each other in busy loops,
# which costs ten times the time of the work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LONGEST = (
    "test_learning.py",
    "test_survival.py",
    "cluster/test_aws.py",
    "cluster/test_on_prem.py",
    "test_end_to_end.py",
    "test_mlflow.py",
    "test_folds.py",
    "website/test_tutorials.py",
    "orchestrator/trial/test_memory_limit.py",
    "orchestrator/corpus/test_on_ray.py",
    "benchmarks/test_scale.py",
    "models/test_systems.py",
    "orchestrator/kept_models/test_predict.py",
    "orchestrator/kept_models/test_figures.py",
    "orchestrator/trial/test_run.py",
    "reports/document/test_assemble.py",
)
"""Files that take minutes in `make test` or `make test-slow`, the longest first."""


@pytest.fixture(autouse=True, scope="session")
def own_config(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep tests from reading or changing which MLflows the user of this machine named."""
    os.environ["MMER_SWEEP_CONFIG"] = str(tmp_path_factory.mktemp("config"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that all test processes end together."""
    places = {Path(__file__).parent / file: place for place, file in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Leave what is loaded so far out of garbage collection: every trial collects as it begins.

    The tests, and the libraries of all of them, are millions of objects, which take a second.
    """
    gc.collect()
    gc.freeze()
