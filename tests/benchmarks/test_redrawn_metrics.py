from benchmarks.redrawn_metrics import measure
from reports.scores.redrawn import is_redrawn
from search_spaces.metrics.registry import BUILT_IN


def test_metrics_that_are_not_redrawn_are_those_that_take_longest() -> None:
    measured = measure(2000, 5).ms
    assert measured.keys() == BUILT_IN.keys()
    left_out = [measured[n].median for n, one in BUILT_IN.items() if not is_redrawn(one)]
    redrawn = [measured[n].median for n, one in BUILT_IN.items() if is_redrawn(one)]
    assert min(left_out) > max(redrawn)
