"""A timetable of trials that are handed out in order to devices, which may take several at once."""

import heapq
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from orchestrator.cluster.packing import Capacity


class Task(NamedTuple):
    """What a trial takes: a time in seconds, and one of the `num_at_once` parts of a device.

    A worker does only tasks of its own sort, one after another.
    """

    seconds: float
    num_at_once: int
    sort: int = 0


class Stay(NamedTuple):
    """A task on a device. It waited for the end of the stay `after`; None if it did not wait.

    Its worker may have started before `start_s`.
    """

    task: Task
    start_s: float
    device: int
    after: int | None

    @property
    def end_s(self) -> float:
        """When it ends."""
        return self.start_s + self.task.seconds


@dataclass(frozen=True)
class Timetable:
    """Tasks in the order in which they were handed out; times count from the start of the sweep.

    `num_slots` is how many run at once at most.
    """

    stays: tuple[Stay, ...]
    num_slots: int

    @cached_property
    def wall_s(self) -> float:
        """When the last task ends."""
        return max(stay.end_s for stay in self.stays)

    @cached_property
    def held_s(self) -> float:
        """The sum of the times for which devices are held, each until its last task ends."""
        ends: dict[int, float] = {}
        for stay in self.stays:
            ends[stay.device] = max(ends.get(stay.device, 0.0), stay.end_s)
        return sum(ends.values())

    @property
    def num_devices(self) -> int:
        """How many devices have a task."""
        return len({stay.device for stay in self.stays})

    @property
    def busy_s(self) -> float:
        """The sum of the times for which tasks run."""
        return sum(stay.task.seconds for stay in self.stays)

    @property
    def critical_path(self) -> list[int]:
        """List the chain of tasks that ends last; each one waited for the one before."""
        path = [max(range(len(self.stays)), key=lambda index: self.stays[index].end_s)]
        while (before := self.stays[path[-1]].after) is not None:
            path.append(before)
        return path[::-1]


class _Device:
    """The free parts and cores of a device, and its idle workers."""

    def __init__(self, num_parts: int, num_cores: int) -> None:
        self.parts_free = num_parts
        self.cores_free = num_cores
        self._idle: Counter[int] = Counter()  # workers that have done a task, by sort

    def take(self, num_parts: int, sort: int) -> bool:
        """Start a task; return whether it has an idle worker. If not, all idle workers end."""
        self.parts_free -= num_parts
        self.cores_free -= 1
        if self._idle[sort]:
            self._idle[sort] -= 1
            return True
        self._idle.clear()
        return False

    def release(self, num_parts: int, sort: int) -> None:
        self.parts_free += num_parts
        self.cores_free += 1
        self._idle[sort] += 1


def make_timetable(
    tasks: Sequence[Task], capacity: Capacity, *, num_slots: int | None, start_s: float
) -> Timetable:
    """Hand out tasks in their order, each as soon as it has a place: list scheduling.

    No task overtakes another. Each goes to the fullest device that has a place.

    Args:
        tasks: What to hand out; at least one.
        capacity: The devices, and the cores of each.
        num_slots: How many may run at once; None for as many as there are places.
        start_s: How long a worker takes to start. A task waits for that if no worker of its sort is
            idle.
    """
    num_parts = math.lcm(*(task.num_at_once for task in tasks))
    devices = [_Device(num_parts, capacity.num_cores) for _ in range(capacity.num_devices)]
    most = num_slots or capacity.num_devices * capacity.num_cores
    running: list[tuple[float, int]] = []
    stays: list[Stay] = []
    now, after, num_running = 0.0, None, 0
    for task in tasks:
        parts = num_parts // task.num_at_once
        while len(running) == most or (device := _find_place(devices, parts)) is None:
            now = running[0][0]
            while running and running[0][0] == now:
                _, after = heapq.heappop(running)
                ended = stays[after].task
                devices[stays[after].device].release(num_parts // ended.num_at_once, ended.sort)
        has_worker = devices[device].take(parts, task.sort)
        stay = Stay(task, now if has_worker else now + start_s, device, after)
        heapq.heappush(running, (stay.end_s, len(stays)))
        stays.append(stay)
        num_running = max(num_running, len(running))
    return Timetable(tuple(stays), num_running)


def _find_place(devices: Sequence[_Device], parts: int) -> int | None:
    """Choose the fullest device that has a place."""
    places = [i for i, d in enumerate(devices) if d.parts_free >= parts and d.cores_free > 0]
    return min(places, key=lambda index: devices[index].parts_free, default=None)
