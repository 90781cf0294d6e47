"""The id lists that say which split an utterance belongs to: `train_split.txt` and its siblings."""

from collections import Counter
from pathlib import Path

from corpora.readers.release_files import read_lines
from corpora.source.errors import CorpusError
from corpora.source.split import SPLITS, Split


def read_split_lists(folder: Path) -> dict[str, Split]:
    """Read `{train,valid,test}_split.txt`, one id a line; blank lines are skipped.

    Raises:
        CorpusError: If a list is missing or empty, or an id is listed twice.
    """
    files = {split: folder / f"{split}_split.txt" for split in SPLITS}
    missing = [path.name for path in files.values() if not path.is_file()]
    if missing:
        wanted = ", ".join(path.name for path in files.values())
        raise CorpusError(
            f"split folder '{folder}' lacks {', '.join(missing)}; choose a folder with {wanted}"
        )
    split_of: dict[str, Split] = {}
    faults = []
    for split, path in files.items():
        ids = [line.strip() for line in read_lines(path) if line.strip()]
        if not ids:
            faults.append(f"{path.name} names no utterance")
        for utterance_id in ids:
            first = split_of.setdefault(utterance_id, split)
            if first != split:
                faults.append(f"'{utterance_id}' stands in {files[first].name} and in {path.name}")
        faults += [f"'{name}' stands in {path.name} twice" for name in _repeated(ids)]
    if faults:
        raise CorpusError(f"split folder '{folder}': " + "; ".join(faults))
    return split_of


def _repeated(ids: list[str]) -> list[str]:
    return [name for name, count in Counter(ids).items() if count > 1]
