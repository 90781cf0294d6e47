"""A device that is not the CPU, and computes: what stands for a GPU where gradients must flow.

Its tensors wrap tensors of the CPU, and PyTorch takes them for those of another device: its key
`PrivateUse1`, in Python. So autograd, optimisers and `state_dict` run as on a GPU, results are the
CPU's (on processors with fused kernels but for rounding), and a tensor of the CPU that meets one of
the device raises. Inside of `without_waits`, so does what would make a GPU's thread wait.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.library import Library
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

aten = torch.ops.aten

COPIES = (aten.copy_.default, aten._to_copy.default)
READS = (aten._local_scalar_dense.default, aten.nonzero.default, aten.masked_select.default)
"""What must know numbers of the device."""


class _OtherModule(_DummyBackendModule):
    """What PyTorch knows as `torch.other`."""

    def is_available(self) -> bool:
        """Be none of the devices that PyTorch finds by itself: other tests of the process go on."""
        return False

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        """Answer autocast, which asks even where it is switched off."""
        return [torch.bfloat16]


_setup_privateuseone_for_python_backend("other", backend_module=_OtherModule())

OTHER = torch.device("other", 0)

_watch = SimpleNamespace(forbids_waits=False)


class WaitError(Exception):
    """A GPU's thread would wait here."""


class OtherTensor(Tensor):
    """A tensor of the device; `raw` holds its numbers, on the CPU."""

    raw: Tensor
    # PyTorch declares both without the class, and its own subclasses say the same to mypy.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, raw: Tensor) -> "OtherTensor":
        with torch.inference_mode(mode=False):  # PyTorch makes no wrappers in it
            made = Tensor._make_wrapper_subclass(
                cls,
                raw.size(),
                strides=raw.stride(),
                storage_offset=raw.storage_offset(),
                dtype=raw.dtype,
                device=OTHER,
            )
        made.raw = raw
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, operation: Any, types: object, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(operation, *args, **(kwargs or {}))


@contextmanager
def without_waits() -> Iterator[None]:
    """Raise where a GPU's thread would wait: for a number, or for a copy."""
    _watch.forbids_waits = True
    try:
        yield
    finally:
        _watch.forbids_waits = False


def _run(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """Compute on the CPU what was asked of the device; what has parts comes part by part."""
    if (result := operation.decompose(*args, **kwargs)) is not NotImplemented:
        return result
    inputs, form = tree_flatten((args, kwargs))
    tensors = [value for value in inputs if isinstance(value, Tensor)]
    strangers = [value for value in tensors if not isinstance(value, OtherTensor) and value.dim()]
    if operation not in COPIES and strangers and len(strangers) < len(tensors):
        raise RuntimeError(f"{operation}: expected all tensors to be on the same device")
    _look_for_waits(operation, args, kwargs)
    stays = _result_stays(operation, args, kwargs)
    raw_args, raw_kwargs = tree_unflatten([_raw(value) for value in inputs], form)
    known = {id(value.raw): value for value in tensors if isinstance(value, OtherTensor)}
    result = operation(*raw_args, **raw_kwargs)
    return tree_map(partial(_wrap, known), result) if stays else result


def _look_for_waits(operation: Any, args: Any, kwargs: Mapping[str, Any]) -> None:
    is_blocking_copy = operation in COPIES and not (
        kwargs.get("non_blocking") or (len(args) > 2 and args[2])
    )
    crosses = is_blocking_copy and _crosses(operation, args, kwargs)
    if _watch.forbids_waits and (operation in READS or crosses):
        raise WaitError(f"{operation} waits for the device")


def _crosses(operation: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether a copy goes from one device to the other."""
    if operation is aten.copy_.default:
        return isinstance(args[0], OtherTensor) != isinstance(args[1], OtherTensor)
    return torch.device(kwargs.get("device") or OTHER) != OTHER


def _result_stays(operation: Any, args: Any, kwargs: Mapping[str, Any]) -> bool:
    """Whether what comes out is on the device."""
    if operation is aten.copy_.default:
        return isinstance(args[0], OtherTensor)
    return torch.device(kwargs.get("device") or OTHER) == OTHER


def _raw(value: Any) -> Any:
    if isinstance(value, OtherTensor):
        return value.raw
    return torch.device("cpu") if value == OTHER and isinstance(value, torch.device) else value


def _wrap(known: Mapping[int, OtherTensor], value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return known[id(value)] if id(value) in known else OtherTensor(value)


_factories = Library("aten", "IMPL")
for _name in ("empty.memory_format", "empty_strided"):
    _operation, _, _overload = _name.partition(".")
    _factories.impl(
        _name,
        partial(_run, getattr(getattr(aten, _operation), _overload or "default")),
        "PrivateUse1",
    )
