"""Parts of which nothing is made: each notes which GPUs its worker sees, as `test_on_ray.py` asks.

    python -m tests.orchestrator.noting_maker STORAGE NUM_PARTS

The notes of all parts are printed as JSON.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.features.sources import NO_FEATURE_SOURCES
from corpora.preparation.parts import REPORT_FILE
from corpora.preparation.prepare import PartMaker
from corpora.source.utterance import Utterance
from orchestrator.corpus.on_ray import runner_on_ray


@dataclass(frozen=True)
class NotingMaker(PartMaker):
    """Notes who was given a part, and makes nothing."""

    def make(self, number: int, utterances: Sequence[Utterance]) -> None:
        part = self.parts.new_folder()
        seen = {"worker": os.getpid(), "gpus": os.environ.get("CUDA_VISIBLE_DEVICES")}
        (part / REPORT_FILE).write_text(json.dumps(seen))
        part.rename(self.folder / str(number))


def main(storage: str, num_parts: str) -> None:
    folder = Path(storage)
    maker = NotingMaker("digest", "multilabel", (), NO_FEATURE_SOURCES, folder / "parts", folder)
    made = sorted(runner_on_ray(folder)(maker, dict.fromkeys(range(int(num_parts)), ())))
    notes = [json.loads((maker.folder / str(n) / REPORT_FILE).read_text()) for n in made]
    sys.stdout.write(json.dumps(notes))


if __name__ == "__main__":
    from tests.orchestrator import noting_maker  # by its name, which workers find the class under

    noting_maker.main(*sys.argv[1:])
