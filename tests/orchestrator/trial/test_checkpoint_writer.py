import threading
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.trial import checkpoint_writer
from orchestrator.trial.checkpoint_writer import CheckpointWriter
from orchestrator.trial.checkpoints import Checkpoint


class Storage:
    """Takes checkpoints as fast as it is let, or says or raises what is wrong."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.lets = threading.Event()
        self.lets.set()
        self.trouble: str | None = None
        self.error: BaseException | None = None
        self.threads: list[threading.Thread] = []

    def write(self, checkpoint: Checkpoint) -> str | None:
        self.threads.append(threading.current_thread())
        assert self.lets.wait(60)
        if self.error is not None:
            raise self.error
        self.written.append(checkpoint.code_digest)
        return self.trouble


@pytest.fixture
def storage() -> Iterator[Storage]:
    storage = Storage()
    yield storage
    assert not any(thread.is_alive() for thread in storage.threads)


def checkpoint(name: str) -> Checkpoint:
    return Checkpoint(code_digest=name, training={}, resumed_from_epochs=())


def test_training_goes_on_while_a_checkpoint_is_written(storage: Storage) -> None:
    storage.lets.clear()
    with CheckpointWriter(storage.write, pytest.fail) as writer:
        writer.offer(lambda: checkpoint("first"))
        assert storage.written == []
        storage.lets.set()
    assert storage.written == ["first"]
    assert storage.threads[0] is not threading.current_thread()


def test_checkpoint_waits_for_the_one_before(storage: Storage) -> None:
    storage.lets.clear()
    with CheckpointWriter(storage.write, pytest.fail) as writer:
        writer.offer(lambda: checkpoint("first"))
        threading.Timer(0.3, storage.lets.set).start()
        writer.offer(lambda: checkpoint(f"second after {storage.written}"))
    assert storage.written == ["first", "second after ['first']"]


def test_checkpoint_is_left_out_where_training_would_wait_too_long(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "HOLD_UP_S", 0.2)
    storage.lets.clear()
    with CheckpointWriter(storage.write, pytest.fail) as writer:
        writer.offer(lambda: checkpoint("first"))
        began = time.monotonic()
        for _ in range(5):
            writer.offer(lambda: pytest.fail("it copies what is not written"))
        assert 0.1 < time.monotonic() - began < 5
        storage.lets.set()
        writer.insist(lambda: checkpoint("last"))
    assert storage.written == ["first", "last"]


def test_copies_that_take_long_are_made_less_often(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "HOLD_UP_S", 0.01)
    copy_s = 0.05
    copies: list[Checkpoint] = []

    def copy() -> Checkpoint:
        time.sleep(copy_s)
        copies.append(checkpoint("any"))
        return copies[-1]

    began = time.monotonic()
    with CheckpointWriter(storage.write, pytest.fail) as writer:
        while time.monotonic() - began < 2:
            writer.offer(copy)
            time.sleep(0.005)
    allowed_s = 0.01 + checkpoint_writer.HOLD_UP_SHARE * (time.monotonic() - began)
    assert 2 <= len(copies) <= 1 + allowed_s / copy_s


def test_checkpoint_is_written_by_the_training_where_no_thread_can_be_started(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with CheckpointWriter(storage.write, pytest.fail) as writer:
            writer.offer(lambda: checkpoint("first"))
            assert storage.written == ["first"]
    assert threading.current_thread() in storage.threads
    storage.threads.clear()


def test_trouble_is_told_in_the_thread_that_trains(storage: Storage) -> None:
    told: list[tuple[str, threading.Thread]] = []
    storage.trouble = "disk full"
    with CheckpointWriter(
        storage.write, lambda trouble: told.append((trouble, threading.current_thread()))
    ) as writer:
        writer.offer(lambda: checkpoint("first"))
        writer.offer(lambda: checkpoint("second"))
        assert told == [("disk full", threading.current_thread())]
    assert told == [("disk full", threading.current_thread())] * 2


def test_trouble_is_told_too_where_training_fails(storage: Storage) -> None:
    told: list[str] = []
    storage.trouble = "disk full"
    with pytest.raises(ValueError, match="the training"):
        write_one(storage, told.append, then=failing(ValueError("the training")))
    assert told == ["disk full"]


def test_training_that_is_stopped_leaves_no_thread_and_logs_trouble(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.trouble = "disk full"
    storage.lets.clear()
    threading.Timer(0.3, storage.lets.set).start()
    with pytest.raises(SystemExit):
        write_one(storage, pytest.fail, then=failing(SystemExit(0)))
    assert storage.written == ["first"]
    assert caplog.messages == ["disk full"]


@pytest.mark.parametrize(
    "then",
    [
        lambda writer: writer.offer(lambda: pytest.fail("it goes on")),
        lambda writer: writer.insist(lambda: pytest.fail("it goes on")),
        lambda writer: None,
    ],
    ids=["offer", "insist", "end"],
)
def test_error_of_the_thread_is_raised_where_the_training_is(
    storage: Storage, then: Callable[[CheckpointWriter], None]
) -> None:
    storage.error = KeyError("a fault")
    with pytest.raises(KeyError, match="a fault"):
        write_one(storage, pytest.fail, then=then)


def test_error_of_the_thread_is_logged_where_the_training_fails_too(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    storage.error = KeyError("a fault")
    with pytest.raises(ValueError, match="the training"):
        write_one(storage, pytest.fail, then=failing(ValueError("the training")))
    assert "a fault" in caplog.text


def write_one(
    storage: Storage,
    on_trouble: Callable[[str], None],
    *,
    then: Callable[[CheckpointWriter], None],
) -> None:
    with CheckpointWriter(storage.write, on_trouble) as writer:
        writer.offer(lambda: checkpoint("first"))
        then(writer)


def failing(error: BaseException) -> Callable[[CheckpointWriter], None]:
    def fail(_: CheckpointWriter) -> None:
        raise error

    return fail


def test_copy_that_could_not_be_taken_is_not_written(storage: Storage) -> None:
    with CheckpointWriter(storage.write, pytest.fail) as writer:
        writer.offer(lambda: None)
        writer.offer(lambda: checkpoint("second"))
    assert storage.written == ["second"]
