"""Makes the maps of a corpus: utterance after utterance, so that a killed maker can go on."""

import os
from pathlib import Path

import torch

from corpora.batches.map_column import bytes_per_map, laid_out
from corpora.source.split import Split
from orchestrator.prefixes.plan import Prefix, file_of
from orchestrator.prefixes.store import DESCRIPTION_FILE
from orchestrator.training.precision import autocast
from reports.ledger.files import write_atomically
from search_spaces.identity import canonical_json

AT_ONCE = 16
"""How many pictures go through the prefix at once; their maps do not depend on it."""

SAFE_BYTES = 2**28
"""After so many bytes they are flushed to the disk, and counted as done."""


def make_maps(prefix: Prefix, folder: Path) -> None:
    """Fill the files of a prefix's maps in a folder, from where another process was killed.

    Raises:
        OSError: If the disk fails.
    """
    for split in prefix.gatherers:
        _fill(prefix, split, folder)
    for split in prefix.gatherers:
        _done_file(folder, split).unlink()
    description = {**prefix.identity, "shape": list(prefix.shape), "dtype": str(prefix.dtype)}
    write_atomically(folder / DESCRIPTION_FILE, canonical_json(description).encode())


def _fill(prefix: Prefix, split: Split, folder: Path) -> None:
    steps = prefix.gatherers[split].lengths["faces"]
    done_file = _done_file(folder, split)
    first = int(done_file.read_text()) if done_file.is_file() else 0
    size = bytes_per_map(prefix.shape, prefix.dtype) * len(prefix.candidates[split])
    with (folder / file_of(split)).open("r+b") as file:
        file.seek(size * int(steps[:first].sum()))
        num_unsafe = 0
        for utterance in range(first, len(steps)):
            maps = _maps(prefix, split, utterance)
            num_unsafe += sum(map(file.write, maps))
            if num_unsafe >= SAFE_BYTES or utterance + 1 == len(steps):
                file.flush()
                os.fsync(file.fileno())
                write_atomically(done_file, str(utterance + 1).encode())
                num_unsafe = 0


@torch.inference_mode()
def _maps(prefix: Prefix, split: Split, utterance: int) -> list[bytes]:
    """Compute the maps of one utterance, as they lie in the file."""
    gatherer, arithmetic = prefix.gatherers[split], prefix.arithmetic
    pictures = gatherer.faces_of(utterance, prefix.candidates[split], arithmetic.device)
    with autocast(arithmetic.device, arithmetic.precision):
        return [laid_out(prefix.encoder.maps(part)) for part in pictures.split(AT_ONCE)]


def _done_file(folder: Path, split: Split) -> Path:
    return folder / f"{split}.done"
