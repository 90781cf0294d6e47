"""Where the checkpoints of convolutional encoders are: published ones, and files of the user.

A plan hashes these files, so this module loads no PyTorch.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpora.parsing.paths import expand_home
from models.configs.base import choices
from models.weights.errors import WeightsError


@dataclass(frozen=True)
class Source:
    """What the checkpoints of an architecture are called, and where the published ones are.

    Attributes:
        field: Names `weights` in errors, e.g. "model.audio.weights".
        published: URLs by name. Files are kept in the cache folder of torch hub.
        others: Which other checkpoints fit, for the advice of an error.
    """

    field: str
    published: Mapping[str, str]
    others: str


VGGISH = Source(
    field="model.audio.weights",
    published={
        "vggish": "https://github.com/harritaylor/torchvggish/releases/download/v0.1/"
        "vggish-10086976.pth"
    },
    others="a copy of it",
)

RESNET18 = Source(
    field="model.vision.weights",
    published={"imagenet": "https://download.pytorch.org/models/resnet18-f37072fd.pth"},
    others="a ResNet18 in torchvision's layout, such as one trained on AffectNet",
)

SOURCES = {"vggish": VGGISH, "resnet18": RESNET18}
"""The source of each architecture's checkpoints."""


def find_conv_files(weights: str, architecture: str) -> Sequence[Path]:
    """Find the one file of a checkpoint, downloading a published one at its first use.

    Raises:
        WeightsError: If there is no such file and no download.
    """
    source = SOURCES[architecture]
    if weights in source.published:
        return [_published(weights, source)]
    path = expand_home(weights)
    if not path.is_file():
        reason = f"it is not a file here, and not one of {choices(source.published)}"
        raise conv_weights_error(source, weights, reason)
    return [path]


def _published(name: str, source: Source) -> Path:
    url = source.published[name]
    path = _cache_path(url)
    if path.is_file():
        return path
    import torch.hub

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=False)
    except OSError as error:
        raise conv_weights_error(
            source, name, f"it is not at {path}, and the download failed: {error}"
        ) from error
    return path


def cache_folder() -> Path:
    """Return the folder of torch hub's downloads, as `torch.hub.get_dir` does, without PyTorch."""
    cache = Path(os.getenv("XDG_CACHE_HOME", "~/.cache"))
    return expand_home(os.getenv("TORCH_HOME", cache / "torch")) / "hub" / "checkpoints"


def _cache_path(url: str) -> Path:
    return cache_folder() / url.rsplit("/", 1)[-1]


def conv_weights_error(source: Source, weights: str, reason: str) -> WeightsError:
    """Make the error of a checkpoint that is not available: why, and how to get it."""
    url = next(iter(source.published.values()))
    advice = (
        f"on a machine with internet access download {url} and put it at {_cache_path(url)} here, "
        f"or set {source.field} to the path of {source.others}; or choose untrained weights "
        f"explicitly, with {source.field} 'random' and "
        f"{source.field.replace('weights', 'frozen')} [], or with `--scale tiny`"
    )
    return WeightsError(source.field, weights, reason, advice)
