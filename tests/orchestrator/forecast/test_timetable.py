"""Timetables against schedules made by hand, and against a slower way to make them."""

from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest

from orchestrator.cluster.packing import Capacity
from orchestrator.forecast.timetable import Task, Timetable, make_timetable

NUM_CASES = 300


def tabulate(
    tasks: list[Task],
    *,
    num_devices: int = 1,
    num_cores: int = 8,
    num_slots: int | None = None,
    start_s: float = 0.0,
) -> Timetable:
    capacity = Capacity(True, num_devices, 1000.0, num_cores)
    return make_timetable(tasks, capacity, num_slots=num_slots, start_s=start_s)


def starts(table: Timetable) -> list[float]:
    return [stay.start_s for stay in table.stays]


def test_tasks_take_turns_where_one_fills_the_device() -> None:
    table = tabulate([Task(3, 1), Task(2, 1), Task(4, 1)], start_s=10)
    assert starts(table) == [10, 13, 15]
    assert (table.wall_s, table.busy_s, table.num_slots) == (19, 9, 1)
    assert table.critical_path == [0, 1, 2]


def test_task_starts_where_a_place_is_free_first() -> None:
    table = tabulate([Task(5, 2), Task(2, 2), Task(2, 2), Task(2, 2)])
    assert starts(table) == [0, 0, 2, 4]
    assert table.wall_s == 6
    assert table.critical_path == [1, 2, 3]
    assert table.num_slots == 2


def test_task_that_needs_a_whole_device_waits_for_all_on_it_and_is_not_overtaken() -> None:
    table = tabulate([Task(1, 2), Task(4, 2), Task(1, 1), Task(1, 2)])
    assert starts(table) == [0, 0, 4, 5]
    assert table.critical_path == [1, 2, 3]


def test_tasks_of_different_size_share_a_device() -> None:
    table = tabulate([Task(4, 2), Task(4, 4), Task(4, 4), Task(4, 4)])
    assert starts(table) == [0, 0, 0, 4]
    assert table.num_slots == 3


@pytest.mark.parametrize("num_at_once", [1, 3, 6, 49])
def test_device_takes_exactly_as_many_as_it_has_parts(num_at_once: int) -> None:
    tasks = [Task(0.1 * index + 1, num_at_once) for index in range(20 * num_at_once)]
    assert tabulate(tasks, num_cores=100).num_slots == num_at_once


def test_cores_and_slots_bound_what_runs_at_once() -> None:
    tasks = [Task(1, 8)] * 12
    assert tabulate(tasks, num_cores=3).wall_s == 4
    assert tabulate(tasks, num_slots=2).wall_s == 6
    assert tabulate(tasks, num_devices=2, num_cores=3).wall_s == 2


def test_device_is_held_until_its_last_task_ends() -> None:
    table = tabulate([Task(4, 2), Task(1, 2), Task(3, 1)], num_devices=3, start_s=1)
    assert [stay.device for stay in table.stays] == [0, 0, 1]
    assert (table.held_s, table.num_devices) == (5 + 4, 2)


def test_worker_starts_where_none_of_the_sort_is_idle() -> None:
    one_at_a_time = [Task(4, 1, sort) for sort in (2, 3, 3, 2)]
    table = tabulate(one_at_a_time, start_s=10)
    # 10 to 14, 24 to 28, 28 to 32 in the same worker, 42 to 46: the first worker is gone.
    assert starts(table) == [10, 24, 28, 42]
    assert (table.wall_s, table.busy_s, table.held_s) == (46, 16, 46)
    assert table.critical_path == [0, 1, 2, 3]
    assert tabulate(sorted(one_at_a_time, key=lambda t: t.sort), start_s=10).wall_s == 36
    # Two workers side by side, of a half and a third: each goes on with its own sort.
    side_by_side = [Task(4, 2, 2), Task(4, 3, 3)] * 2
    assert starts(tabulate(side_by_side, start_s=10)) == [10, 10, 14, 14]


def start_slowly(tasks: list[Task], num_devices: int, num_cores: int) -> list[int]:
    """Look at every whole second whether a device has a place for the next task."""
    placed: list[tuple[int, int, int, Fraction]] = []
    for task in tasks:
        second = placed[-1][0] if placed else 0
        while True:
            there = [
                [part for start, end, where, part in placed if where == device and second < end]
                for device in range(num_devices)
            ]
            part = Fraction(1, task.num_at_once)
            fitting = [
                device
                for device, parts in enumerate(there)
                if len(parts) < num_cores and sum(parts) + part <= 1
            ]
            if fitting:
                fullest = max(fitting, key=lambda device: sum(there[device]))
                placed.append((second, second + int(task.seconds), fullest, part))
                break
            second += 1
    return [start for start, *_ in placed]


def test_timetable_is_that_of_looking_at_every_second() -> None:
    random = Random(0)
    for _ in range(NUM_CASES):
        tasks = [Task(random.randint(1, 9), random.choice([1, 2, 3, 5])) for _ in range(12)]
        num_devices, num_cores = random.randint(1, 3), random.randint(1, 4)
        table = tabulate(tasks, num_devices=num_devices, num_cores=num_cores)
        assert starts(table) == start_slowly(tasks, num_devices, num_cores)


def test_critical_path_has_no_gap() -> None:
    random = Random(1)
    for _ in range(NUM_CASES):
        tasks = [Task(random.randint(1, 9), random.choice([1, 2, 3])) for _ in range(12)]
        table = tabulate(tasks, num_devices=2)
        path = [table.stays[index] for index in table.critical_path]
        assert path[0].start_s == 0
        assert path[-1].end_s == table.wall_s
        assert all(stay.end_s == after.start_s for stay, after in pairwise(path))
