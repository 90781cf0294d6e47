import os
import signal
from collections.abc import Iterator

import pytest

from orchestrator.cluster.stop_signals import (
    EXIT_FAILED_TRIALS,
    StopSignals,
    Terminated,
    end_as,
    raise_terminated,
)


@pytest.fixture(autouse=True)
def signals_raise() -> Iterator[None]:
    """Handle both signals as a command does; shells let background jobs ignore SIGINT."""
    handlers = {signal.SIGTERM: raise_terminated, signal.SIGINT: signal.default_int_handler}
    before = {signum: signal.signal(signum, handler) for signum, handler in handlers.items()}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.parametrize(
    ("signum", "exception"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)],
)
def test_first_signal_is_noted_and_the_second_raises(
    signum: int, exception: type[BaseException], capfd: pytest.CaptureFixture[str]
) -> None:
    with StopSignals() as signals:
        at_first = signals.seen
        os.kill(os.getpid(), signum)
        assert (at_first, signals.seen) == (None, signum)
        assert "Stopping; what is finished is kept." in capfd.readouterr().err
        with pytest.raises(exception):
            os.kill(os.getpid(), signum)
    assert signals.seen == signum


def test_signals_are_handled_as_before_in_the_end() -> None:
    with StopSignals():
        pass
    with pytest.raises(Terminated):
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("signum", "exception"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)],
)
def test_command_that_was_stopped_ends_so_whatever_failed(
    signum: int, exception: type[BaseException]
) -> None:
    with pytest.raises(KeyboardInterrupt) as told:
        end_as(signum, 1)
    assert told.type is exception


def test_command_with_failed_trials_says_so_by_its_status() -> None:
    end_as(None, 0)
    with pytest.raises(SystemExit) as told:
        end_as(None, 2)
    assert told.value.code == EXIT_FAILED_TRIALS
