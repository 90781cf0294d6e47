"""Checkpoints that are one file of tensors: reading it, and copying its values into modules."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
"""Keys under which training scripts save the tensors of a model, beside other things."""

PREFIXES = ("module.", "backbone.", "encoder.", "model.")
"""Prefixes of the names, if the module was part of another when it was saved."""

STEP_COUNT = "num_batches_tracked"
"""Batch norms of old files lack this. With a fixed momentum it has no effect."""

NUM_NAMED = 3
"""How many faulty tensors an error names."""


class UnusableFileError(Exception):
    """Why a file of tensors cannot be used."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a .safetensors file, or one of `torch.save`, and name its tensors without prefixes.

    No code in the file is run.

    Raises:
        UnusableFileError: If it holds no named tensors, or two of the same name.
    """
    try:
        if path.suffix == ".safetensors":
            loaded: object = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # unpickling, zip and safetensors errors share no base class
        raise UnusableFileError(
            f"{path} cannot be read: {error} (objects other than tensors are never loaded; save "
            "the state_dict of the model alone)"
        ) from error
    tensors: dict[str, Tensor] = {}
    for name, tensor in _unwrapped(loaded).items():
        bare = _without_prefixes(name)
        if bare in tensors:
            raise UnusableFileError(f"{path} holds two tensors that are {bare!r} without prefixes")
        tensors[bare] = tensor
    if not tensors:
        raise UnusableFileError(f"{path} holds no named tensors")
    return tensors


def _unwrapped(loaded: object) -> dict[str, Tensor]:
    while isinstance(loaded, Mapping):
        inner = next(
            (loaded[key] for key in WRAPPERS if isinstance(loaded.get(key), Mapping)), None
        )
        if inner is None:
            return {name: value for name, value in loaded.items() if isinstance(value, Tensor)}
        loaded = inner
    return {}


def _without_prefixes(name: str) -> str:
    while prefix := next((prefix for prefix in PREFIXES if name.startswith(prefix)), None):
        name = name.removeprefix(prefix)
    return name


@torch.no_grad()
def give_tensors(tensors: Mapping[str, Tensor], parts: Mapping[str, nn.Module]) -> None:
    """Copy tensors into modules, which `parts` lists by the names that they have in the file.

    Tensors of other modules, such as a classifier, are left out.

    Raises:
        UnusableFileError: If a tensor is missing or has another shape, or if the file has more of
            them for the same parts (a deeper network). The message says which.
    """
    wanted = {
        f"{part}.{name}": tensor
        for part, module in parts.items()
        for name, tensor in module.state_dict(keep_vars=True).items()
    }
    missing = [n for n in wanted if n not in tensors and not n.endswith(STEP_COUNT)]
    if missing:
        raise UnusableFileError(f"the file lacks {_some(missing)}; it begins with {_some(tensors)}")
    kinds = {part.split(".")[0] for part in parts}
    surplus = [n for n in tensors if n not in wanted and n.split(".")[0] in kinds]
    if surplus:
        raise UnusableFileError(f"the file is of another network: it also has {_some(surplus)}")
    other = [
        f"{name} of {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if other:
        raise UnusableFileError(f"the file has {_some(other)}")
    for name, tensor in wanted.items():
        tensor.copy_(tensors.get(name, torch.zeros_like(tensor)))


def _some(names: Iterable[str]) -> str:
    listed = [*names]
    more = len(listed) - NUM_NAMED
    return ", ".join(listed[:NUM_NAMED]) + (f" and {more} more" if more > 0 else "")
