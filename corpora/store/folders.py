"""Where the files of a prepared corpus lie, below the storage folder."""

from pathlib import Path

from corpora.source.split import Split

MANIFEST_FILE = "manifest.json"
DETECTIONS_FILE = "detections.arrow"


def corpus_folder(storage: Path, name: str) -> Path:
    """Return where all of a corpus lies, or would lie."""
    return storage / "corpora" / name


def recipe_folder(storage: Path, name: str, recipe: str) -> Path:
    """Return where a corpus prepared by a recipe lies, or would lie."""
    return corpus_folder(storage, name) / recipe


def split_file(folder: Path, split: Split) -> Path:
    """Return the file of one split."""
    return folder / f"{split}.arrow"


def prepared_names(storage: Path) -> list[str]:
    """List the corpora that are prepared by any recipe."""
    found = (storage / "corpora").glob(f"*/*/{MANIFEST_FILE}")
    return sorted({path.parent.parent.name for path in found})


def prepared_recipes(storage: Path, name: str) -> list[str]:
    """List the recipes that a corpus is prepared by."""
    return sorted(
        path.parent.name for path in corpus_folder(storage, name).glob(f"*/{MANIFEST_FILE}")
    )
