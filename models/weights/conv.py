"""Where the checkpoints of convolutional encoders are: published ones, and files of the user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torchvision.models import ResNet18_Weights

from models.configs.base import choices
from models.weights.errors import WeightsError
from models.weights.tensor_file import UnusableFileError, give_tensors, read_tensors


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
    published={"imagenet": ResNet18_Weights.IMAGENET1K_V1.url},
    others="a ResNet18 in torchvision's layout, such as one trained on AffectNet",
)

SOURCES = {"vggish": VGGISH, "resnet18": RESNET18}
"""By architecture."""


def find_conv_files(weights: str, architecture: str) -> Sequence[Path]:
    """Find the one file of a checkpoint, downloading a published one at its first use.

    Raises:
        WeightsError: If there is no such file and no download.
    """
    source = SOURCES[architecture]
    if weights in source.published:
        return [_published(weights, source)]
    path = Path(weights).expanduser()
    if not path.is_file():
        reason = f"it is no file here, and not one of {choices(source.published)}"
        raise _error(source, weights, reason)
    return [path]


def load_conv_weights(weights: str, architecture: str, parts: Mapping[str, nn.Module]) -> None:
    """Give the modules of an encoder the values of a checkpoint.

    Args:
        weights: As in the config of the encoder.
        architecture: Likewise.
        parts: The modules by the names that the checkpoint has for them.

    Raises:
        WeightsError: If there is no such file, it cannot be read, or is of another network.
    """
    (path,) = find_conv_files(weights, architecture)
    try:
        give_tensors(read_tensors(path), parts)
    except UnusableFileError as error:
        raise _error(SOURCES[architecture], weights, str(error)) from error


def _published(name: str, source: Source) -> Path:
    url = source.published[name]
    path = _cache_path(url)
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=False)
    except OSError as error:
        raise _error(source, name, f"it is not at {path}, and no download: {error}") from error
    return path


def _cache_path(url: str) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]


def _error(source: Source, weights: str, reason: str) -> WeightsError:
    url = next(iter(source.published.values()))
    advice = (
        f"on a machine with internet access download {url} and put it at {_cache_path(url)} here, "
        f"or set {source.field} to the path of {source.others}; or choose untrained weights "
        f"explicitly, with {source.field} 'random' and "
        f"{source.field.replace('weights', 'frozen')} [], or with `--scale tiny`"
    )
    return WeightsError(source.field, weights, reason, advice)
