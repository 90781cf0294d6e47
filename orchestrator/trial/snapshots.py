"""Copies of a training's state in memory of the host, which a thread writes while it goes on."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class Snapshots:
    """Takes one copy after the other, each in the memory of the last one, which it replaces.

    To fill fresh memory takes longer than to copy. For a GPU it is pinned: only so do all copies
    run without waiting for one another.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copies: dict[tuple[object, ...], Tensor] = {}

    def take(self, state: dict[str, Any], *, constant: Iterable[Tensor]) -> dict[str, Any]:
        """Copy a state, of tensors and plain values; return when the copy is whole.

        Args:
            state: What is to be copied.
            constant: Tensors in it that never change: what is in the host's memory is not copied.

        Raises:
            RuntimeError: If there is not enough memory; what the last copy took is given back.
        """
        shared = {id(tensor) for tensor in constant if tensor.device.type == "cpu"}
        try:
            copy: dict[str, Any] = self._copy(state, (), shared)
        except (RuntimeError, MemoryError):
            self._copies.clear()
            raise
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return copy

    def _copy(self, value: Any, path: tuple[object, ...], shared: set[int]) -> Any:
        if isinstance(value, dict):
            return {name: self._copy(one, (*path, name), shared) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._copy(one, (*path, n), shared) for n, one in enumerate(value))
        if not isinstance(value, Tensor) or id(value) in shared:
            return value
        return self._memory_for(value, path).copy_(value, non_blocking=True)

    def _memory_for(self, tensor: Tensor, path: tuple[object, ...]) -> Tensor:
        """Return the memory of the last copy, if there was one."""
        if path not in self._copies:
            self._copies[path] = torch.empty_like(
                tensor, device="cpu", pin_memory=tensor.is_cuda, requires_grad=False
            )
        return self._copies[path]
