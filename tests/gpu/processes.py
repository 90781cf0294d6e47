"""Functions that run at once, each in a fresh process of its own."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

Result = TypeVar("Result")

LIMIT_S = 600.0


def in_processes(function: Callable[..., Result], calls: Sequence[tuple[Any, ...]]) -> list[Result]:
    """Call a function of a module once in each of as many processes; none has a second call."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(calls), context, max_tasks_per_child=1) as pool:
        coming = [pool.submit(function, *arguments) for arguments in calls]
        return [one.result(LIMIT_S) for one in coming]
