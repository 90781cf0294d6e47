"""The files of a checkpoint: in a folder, in the hub's local cache, or on the hub.

A plan hashes these files, so this module loads no PyTorch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from corpora.checkpoints.errors import CheckpointError
from corpora.parsing.errors import ParseError
from corpora.parsing.json_text import parse_json
from corpora.parsing.paths import expand_home
from corpora.source.digest import sha256_of

CONFIG_FILE = "config.json"
PREPROCESSOR_FILE = "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "model-*-of-*.safetensors", "model.safetensors.index.json")
"""One file, or several and their index."""

TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "vocab.txt"),
    *("spm.model", "spiece.model", "sentencepiece.bpe.model"),
)
"""The files that a tokenizer may have; `tokenizer.json` alone is enough, and so is a vocabulary."""

PREPARES: Mapping[str, tuple[str, ...]] = {
    "text": TOKENIZER_FILES,
    "audio": (PREPROCESSOR_FILE,),
    "vision": (PREPROCESSOR_FILE,),
}
"""The files that say how the inputs of a modality's encoder are made."""

HUB_TIMEOUT_S = 10.0


class _Config(BaseModel):
    """What a checkpoint's config says of its architecture; other fields are ignored."""

    model_type: str


@dataclass(frozen=True)
class Checkpoint:
    """The files of one checkpoint, which lie in one folder.

    Attributes:
        place: What the user gave: the folder, or a name on the hub.
        modality: What it shall read.
        architecture: Its `model_type` in `transformers`.
        files: Weights, config, and tokenizer or settings of the preprocessor.
    """

    place: str
    modality: str
    architecture: str
    files: tuple[Path, ...]

    @property
    def folder(self) -> Path:
        """Where the files lie."""
        return self.files[0].parent

    def sha256(self) -> dict[str, str]:
        """Hash the files, by their names; the place of the folder has no effect."""
        return {path.name: sha256_of(path) for path in self.files}

    def error(self, reason: str, advice: str) -> CheckpointError:
        """Make the error that this checkpoint cannot be used."""
        return CheckpointError(self.modality, self.place, reason, advice)


def find_checkpoint(place: str, modality: str) -> Checkpoint:
    """Find a checkpoint in a folder, else in the hub's local cache, else on the hub.

    Raises:
        CheckpointError: If it is not there, lacks a file, or has its weights as a pickle only.
    """
    folder = expand_home(place)
    if not folder.is_dir():
        folder = _from_hub(place, modality)
    return _in_folder(folder.absolute(), place, modality)


def _in_folder(folder: Path, place: str, modality: str) -> Checkpoint:
    def error(reason: str, advice: str) -> CheckpointError:
        return CheckpointError(modality, place, reason, advice)

    config = folder / CONFIG_FILE
    if not config.is_file():
        raise error(
            f"'{folder}' has no {CONFIG_FILE}",
            "name a folder that `save_pretrained` or `hf download` has written",
        )
    try:
        architecture = parse_json(config.read_bytes(), _Config).model_type
    except ParseError as fault:
        raise error(
            f"{CONFIG_FILE} names no model_type: {fault}", "copy that file again"
        ) from fault
    weights = sorted(path for pattern in WEIGHTS for path in folder.glob(pattern))
    if not any(path.suffix == ".safetensors" for path in weights):
        raise error(*_no_weights(folder, place))
    prepares = [folder / name for name in PREPARES[modality] if (folder / name).is_file()]
    if not prepares:
        raise error(
            f"'{folder}' has none of {', '.join(PREPARES[modality])}",
            f"copy what the checkpoint's makers give out for it, or name an encoder of {modality}",
        )
    return Checkpoint(place, modality, architecture, (config, *weights, *prepares))


def _no_weights(folder: Path, place: str) -> tuple[str, str]:
    """Say why a folder without safetensors cannot be used, and what to do."""
    pickled = sorted(path.name for path in folder.glob("*.bin"))
    if not pickled:
        return f"'{folder}' has no {WEIGHTS[0]}", "copy that file too"
    return (
        f"its weights are in {', '.join(pickled)}, and a pickle can run any code when it is read",
        "only safetensors are read: where you trust the file, convert it once by `python -c "
        f"\"from transformers import AutoModel; AutoModel.from_pretrained('{place}')"
        ".save_pretrained('DIR')\"`, copy its other files to DIR, and name DIR",
    )


def _from_hub(place: str, modality: str) -> Path:
    """Prefer the local cache: a later revision on the hub then changes no study half-way."""
    import huggingface_hub  # takes a second to load

    wanted = [CONFIG_FILE, *WEIGHTS, *PREPARES[modality]]
    try:
        cached = Path(huggingface_hub.snapshot_download(place, local_files_only=True))
        if any(path for pattern in WEIGHTS for path in cached.glob(pattern)):
            return cached
    except Exception:  # not in the cache; the hub client's errors share no base class
        pass
    try:
        # This call comes first, because it fails at once without a network.
        huggingface_hub.HfApi().model_info(place, timeout=HUB_TIMEOUT_S)
        return Path(huggingface_hub.snapshot_download(place, allow_patterns=wanted))
    except Exception as error:
        raise CheckpointError(
            modality,
            place,
            f"it is no folder here, not in the hub's local cache, and the download failed: {error}",
            f"on a machine with internet access run `hf download {place} --local-dir DIR`, copy "
            "DIR here, and name DIR",
        ) from error
