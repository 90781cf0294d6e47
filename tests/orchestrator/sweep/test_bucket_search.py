"""One search by two machines that share a bucket: the real command, each with its own cache."""

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from orchestrator.search.journal.open import PIECES
from orchestrator.storage.bucket import BucketStore
from orchestrator.storage.corpora import publish_corpus
from orchestrator.storage.mirror import mirror_of
from reports.ledger.ledger import Ledger
from reports.ledger.search_result import RESULT_FILE, SearchResult
from tests.orchestrator.conftest import CORPUS
from tests.running import end, records, started, wait_for

pytestmark = pytest.mark.slow

FOLDER = Path("searches", f"small-{CORPUS}-tiny-f1")
NUM_CANDIDATES = 6
SPACE = """
from search_spaces.space import LogRange, Space

SMALL = Space(
    name="small",
    title="A small space",
    systems={"le": "search_spaces.systems.le:LE"},
    change={"training.max_epochs": 2},
    fields=(LogRange(path="training.learning_rate", low=1e-4, high=1e-2),),
)
"""
