import threading
from collections.abc import Iterator

import pytest

from corpora.read_ahead import read_ahead


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
