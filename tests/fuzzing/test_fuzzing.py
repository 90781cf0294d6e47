"""5,000 inputs, always the same ones, each of which ends in a result or in an error of ours.

`python -m benchmarks.fuzzing` tries many more.
"""

from pathlib import Path

import pytest

from corpora.source.errors import CorpusError
from tests.fuzzing.inputs import Form
from tests.fuzzing.laying import alone
from tests.fuzzing.readers import READERS
from tests.fuzzing.trying import MAX_MIB, Reader, place_of, try_input, try_many

NUM, NUM_NATIVE = 120, 20
"""How many for each reader; fewer where other libraries could end the process of the tests."""


def num_of(reader: Reader) -> int:
    return NUM_NATIVE if reader.is_native else NUM


def test_there_are_5000_inputs() -> None:
    assert sum(map(num_of, READERS.values())) >= 5_000


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_every_input_ends_in_a_result_or_an_error_of_ours(reader: Reader, tmp_path: Path) -> None:
    shortest: dict[str, bytes] = {}

    def judge(content: bytes) -> None:
        error = try_input(reader, tmp_path, content).error
        if error is not None:
            fault = f"{place_of(error)}: {error}"
            shortest[fault] = min(shortest.get(fault, content), content, key=len)

    try_many(reader, tmp_path, num_of(reader), judge)
    assert not shortest


def fail(_: Path, content: bytes) -> object:
    match content:
        case b"slow":
            while True:
                pass
        case b"large":
            return bytearray(2 * MAX_MIB * 2**20)
        case b"ours":
            raise CorpusError("it is refused")
        case b"theirs":
            raise KeyError("a")
    return None


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        (b"fine", "read", "NoneType"),
        (b"ours", "refused", "NoneType"),
        (b"theirs", "fault", "KeyError"),
        (b"large", "fault", "MemoryError"),
    ],
)
def test_faults_are_noticed(content: bytes, kind: str, error: str, tmp_path: Path) -> None:
    reader = Reader("a reader", Form.BYTES, alone(b""), fail)
    outcome = try_input(reader, tmp_path, content)
    assert (outcome.kind, type(outcome.error).__name__) == (kind, error)


def test_slow_input_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzzing.trying.MAX_CPU_S", 0.05)
    outcome = try_input(Reader("a reader", Form.BYTES, alone(b""), fail), tmp_path, b"slow")
    assert type(outcome.error).__name__ == "TooSlowError"
