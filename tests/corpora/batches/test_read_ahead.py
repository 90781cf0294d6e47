import threading
from collections.abc import Generator, Iterator

import pytest

from corpora.batches.read_ahead import read_ahead


def test_items_come_in_their_order_and_one_is_made_ahead() -> None:
    made: list[int] = []
    second_made = threading.Event()

    def items() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            if number == 1:
                second_made.set()
            yield number

    ahead = read_ahead(items())
    assert next(ahead) == 0
    assert second_made.wait(timeout=10)
    assert 2 not in made
    assert list(ahead) == [1, 2]


def test_error_comes_where_its_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 0
        raise ValueError("broken")

    ahead = read_ahead(items())
    assert next(ahead) == 0
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


def test_whoever_stops_early_leaves_no_thread_and_nothing_more_is_made() -> None:
    made: list[int] = []
    threads: list[threading.Thread] = []

    def items() -> Iterator[int]:
        threads.append(threading.current_thread())
        for number in range(100):
            made.append(number)
            yield number

    ahead = read_ahead(items())
    assert isinstance(ahead, Generator)
    assert next(ahead) == 0
    ahead.close()
    assert made in ([0], [0, 1])
    assert threads[0] is not threading.current_thread()
    assert not threads[0].is_alive()


def test_nothing_comes_of_nothing() -> None:
    assert list(read_ahead(iter(()))) == []


def test_error_of_an_item_that_nobody_asks_for_is_not_raised() -> None:
    def items() -> Iterator[int]:
        yield 0
        raise ValueError("broken")

    ahead = read_ahead(items())
    assert isinstance(ahead, Generator)
    assert next(ahead) == 0
    ahead.close()
