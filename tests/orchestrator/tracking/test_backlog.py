import threading
import time
from typing import Any, cast

import pytest

from orchestrator.tracking.backlog import Backlog, Call
from orchestrator.tracking.delivery import Delivery


class Told:
    """In the place of a delivery: notes what is delivered."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def deliver(self, key: str, *, began_here: bool) -> None:
        self.entries.append(f"record of {key}" if began_here else f"record from elsewhere of {key}")


@pytest.fixture
def backlog() -> Backlog:
    return Backlog()


def say(entry: str) -> Call:
    return lambda delivery: cast(Any, delivery).entries.append(entry)


def take_all(backlog: Backlog) -> list[list[str]]:
    taken = []
    while calls := backlog.take(0):
        told = Told()
        for call in calls:
            call(cast(Delivery, told))
        taken.append(told.entries)
    return taken


def test_calls_come_trial_by_trial_in_the_order_of_their_first(backlog: Backlog) -> None:
    for entry, key in (("a starts", "a"), ("b starts", "b"), ("a epoch", "a")):
        backlog.put(say(entry), key)
    assert take_all(backlog) == [["a starts", "a epoch"], ["b starts"]]
    backlog.put(say("a fails"), "a")
    assert take_all(backlog) == [["a fails"]]


def test_of_a_finished_trial_only_what_its_record_does_not_say_is_told(backlog: Backlog) -> None:
    backlog.put(say("follow"))
    backlog.put(say("a starts"), "a", is_in_record=True)
    backlog.put(say("a was lost"), "a")
    backlog.put(say("b starts"), "b", is_in_record=True)
    backlog.put_finished("a")
    assert take_all(backlog) == [["follow"], ["a was lost", "record of a"], ["b starts"]]


def test_trial_of_which_nothing_was_put_before_began_elsewhere(backlog: Backlog) -> None:
    backlog.put_finished("a")
    backlog.put(say("b was lost"), "b")
    backlog.put_finished("b")
    elsewhere = ["record from elsewhere of a"], ["b was lost", "record from elsewhere of b"]
    assert take_all(backlog) == [*elsewhere]


def test_end_comes_after_what_waits(backlog: Backlog) -> None:
    backlog.put(say("a starts"), "a")
    backlog.close()
    assert not backlog.is_at_end
    assert take_all(backlog) == [["a starts"]]
    assert backlog.is_at_end


def test_taking_waits_for_news_and_for_the_end(backlog: Backlog) -> None:
    for news in (lambda: backlog.put(say("late"), "a"), backlog.close):
        threading.Timer(0.05, news).start()
        start = time.monotonic()
        backlog.take(60)
        assert time.monotonic() - start < 30


def test_dropping_takes_its_time_unless_it_is_closed(backlog: Backlog) -> None:
    backlog.put(say("a starts"), "a")
    start = time.monotonic()
    backlog.drop_for(0.05)
    assert time.monotonic() - start >= 0.05
    assert take_all(backlog) == []
    backlog.put(say("b starts"), "b")
    backlog.close()
    backlog.drop_for(60)
    assert backlog.is_at_end
    assert time.monotonic() - start < 30
