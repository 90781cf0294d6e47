"""Giving inputs to a reader within limits: each must end in a result, or in an error of ours."""

import resource
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzzing.inputs import Form, inputs
from tests.test_layers import ALLOWED, ROOT

MAX_CPU_S = 5.0
"""So much processor time one input may take."""

BATCH = 10
"""So many inputs are drawn together: Hypothesis takes about as long for one as for all of these."""

MAX_MIB = 2_048
"""So much memory it may ask for."""


@dataclass(frozen=True)
class Reader:
    """What reads inputs from elsewhere.

    Attributes:
        name: What is read.
        form: How inputs of it are damaged.
        prepare: Makes what else the reader needs in an empty folder, and returns valid inputs.
        read: Reads an input in that folder.
        passed_on: Errors of others that the reader's docstring names, and its callers handle.
        is_native: Whether libraries in other languages read it, which can end the process.
    """

    name: str
    form: Form
    prepare: Callable[[Path], Sequence[bytes]]
    read: Callable[[Path, bytes], object]
    passed_on: tuple[type[Exception], ...] = ()
    is_native: bool = False


class TooSlowError(BaseException):
    """An input takes longer than it may; no reader catches this by mistake."""


class Outcome(NamedTuple):
    """How an input ended, and after how much processor time; a fault has an error not of ours."""

    kind: Literal["read", "refused", "fault"]
    cpu_s: float
    error: BaseException | None = None


def try_input(reader: Reader, folder: Path, content: bytes) -> Outcome:
    """Read an input within the limits."""
    kind: Literal["read", "refused", "fault"] = "read"
    caught: BaseException | None = None
    begin_s = time.process_time()
    try:
        with _limits(), warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(folder, content)
    except (Exception, TooSlowError) as error:
        is_expected = is_ours(error) or isinstance(error, reader.passed_on)
        kind, caught = ("refused", None) if is_expected else ("fault", error)
    return Outcome(kind, time.process_time() - begin_s, caught)


def is_ours(error: BaseException) -> bool:
    """Tell whether a class of this project is the error's."""
    return type(error).__module__.partition(".")[0] in ALLOWED


def place_of(error: BaseException) -> str:
    """Name the error, and the last line of ours that it went through."""
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if any(f"/{package}/" in frame.filename for package in ALLOWED)
        and "site-packages" not in frame.filename
        and "/tests/" not in frame.filename
    ]
    if not ours:
        return type(error).__name__
    file = Path(ours[-1].filename).relative_to(ROOT)
    return f"{type(error).__name__} at {file}:{ours[-1].lineno}"


def try_many(
    reader: Reader,
    folder: Path,
    num: int,
    judge: Callable[[bytes], object],
    *,
    of_seed: int | None = None,
) -> None:
    """Draw inputs of a reader; without a seed, always the same ones.

    Args:
        reader: The reader.
        folder: An empty folder.
        num: How many inputs.
        judge: Takes each of them.
        of_seed: What they are drawn from.
    """
    samples = reader.prepare(folder)
    for sample in samples:
        reader.read(folder, sample)  # else only the first check would be tried

    @settings(
        max_examples=-(-num // BATCH),
        derandomize=of_seed is None,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(st.lists(inputs(samples, reader.form), min_size=BATCH, max_size=BATCH))
    def every(contents: list[bytes]) -> None:
        for content in contents:
            judge(content)

    (every if of_seed is None else seed(of_seed)(every))()


@contextmanager
def _limits() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError(f"it takes more than {MAX_CPU_S:g} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_held_bytes() + MAX_MIB * 2**20, hard))
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, before)


def _held_bytes() -> int:
    """Return how much address space this process has taken."""
    num_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return num_pages * resource.getpagesize()
