import os
from functools import partial
from pathlib import Path

import pytest

from benchmarks.fuzzing import of_name, to_table, try_reader
from tests.fuzzing.inputs import Form
from tests.fuzzing.trying import Reader


def one(_: Path) -> list[bytes]:
    return [b"a" * 40]


def end_now_and_then(_: Path, content: bytes) -> None:
    if len(content) % 2:
        os._exit(3)


@pytest.mark.slow
def test_damaged_pictures_end_no_process() -> None:
    tried = try_reader(partial(of_name, "image file"), 30, 1)
    assert (tried.kinds.total(), tried.kinds["fault"], tried.faults) == (30, 0, {})
    assert to_table({"image file": tried}).row_count == 2


@pytest.mark.slow
def test_input_that_ends_the_process_is_a_fault_and_the_others_follow() -> None:
    find = partial(Reader, "a reader", Form.BYTES, one, end_now_and_then)
    tried = try_reader(find, 20, 1)
    assert tried.kinds.total() == 20
    assert tried.kinds["fault"] > 0
    assert [*tried.faults] == ["the process ends: exit code 3"]
    assert all(len(content) % 2 for content in tried.faults.values())
