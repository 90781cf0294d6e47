import pytest

from orchestrator.candidates.rungs import least_epochs


def test_one_in_three_passes_each_rung() -> None:
    """Of 27 candidates, 9 come to the second rung, 3 to the third, and 1 further."""
    ends = [least_epochs(number, 30) for number in range(27)]
    assert [ends.count(epochs) for epochs in (2, 6, 18, 30)] == [18, 6, 2, 1]


@pytest.mark.parametrize("max_epochs", [1, 2])
def test_nobody_stops_in_the_last_epoch(max_epochs: int) -> None:
    assert {least_epochs(number, max_epochs) for number in range(9)} == {max_epochs}
