from pathlib import Path

from corpora.preparation.known import know_corpus
from orchestrator.search.points import Points
from orchestrator.search.sampling import NUM_RANDOM, draw_at_random
from search_spaces.space import Point
from tests.orchestrator.conftest import CORPUS
from tests.orchestrator.search.factories import SPACE, open_log


def test_first_candidates_are_known_beforehand(storage: Path, tmp_path: Path) -> None:
    """What is measured before a search are its own first candidates, whatever draws them."""
    points = Points(SPACE, know_corpus(CORPUS, storage), "tiny")
    drawn = draw_at_random(points, 0, range(NUM_RANDOM))
    log = open_log(tmp_path / "small")
    asked: list[Point] = []
    for number in range(NUM_RANDOM):
        one = log.ask(NUM_RANDOM)
        assert one is not None
        asked.append(one.point)
        if number % 2:
            log.finish(number, {"f1": 0.5})
    assert [one.point for one in drawn] == asked
    assert [one.trial for one in drawn] == [points.trial(point) for point in asked]
    assert draw_at_random(points, 0, [3]) == [drawn[3]]
    assert draw_at_random(points, 1, [3]) != [drawn[3]]
