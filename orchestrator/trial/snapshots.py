"""Copies of a training's state in host memory; a thread writes them while training continues."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class Snapshots:
    """Takes one copy after the other; each replaces the last one, in the same memory.

    Filling fresh memory takes longer than copying. For a GPU, the memory is pinned: only then do
    the copies run without waiting for each other.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._copies: dict[tuple[object, ...], Tensor] = {}

    def take(self, state: dict[str, Any], *, constant: Iterable[Tensor]) -> dict[str, Any]:
        """Copy a state of tensors and plain values; return when the copy is complete.

        Args:
            state: The state to copy.
            constant: Tensors in it that never change; they are not copied if in host memory.

        Raises:
            RuntimeError: If there is not enough memory; the memory of the last copy is freed.
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
        """Return the memory of the last copy; new memory if there was no copy."""
        if path not in self._copies:
            self._copies[path] = torch.empty_like(
                tensor, device="cpu", pin_memory=tensor.is_cuda, requires_grad=False
            )
        return self._copies[path]
