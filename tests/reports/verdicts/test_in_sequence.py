import numpy as np
import pytest

from reports.statistics.looks import LOOKS, looks_until
from reports.statistics.sequential import cutoff
from reports.verdicts.evidence import Compared
from reports.verdicts.in_sequence import Closed, gap_at, judge_in_sequence, next_look
from search_spaces.claim import Claim, Comparison, Score

LEVEL = 0.025


def make_claim(name, differences, margin=0.01, kind="greater"):
    """Make a claim of one comparison, with the differences of its seeds in points."""
    comparison = Comparison(row=name, rival="rival", score=Score("mine", "f1"))
    claim = Claim(id=name, text="", kind=kind, family="own", parts=((comparison,),), margin=margin)
    fractions = tuple(one / 100 for one in differences)
    return claim, (Compared(comparison, seeds=tuple(range(len(fractions))), differences=fractions),)


CLEAR = (5.0, 5.1, 4.9, 5.05, 4.95, 5.0, 5.1, 4.9, 5.0, 5.0)
UNCLEAR = (5.0, -4.0, 3.0, -2.0, 4.0, -5.0, 2.0, -1.0, 3.0, -3.0)
MARGINAL = (5.0, 4.3, 4.6)
LATE = (0.5, 5.0, 3.0, 4.0, 2.0, 4.5, 3.5, 4.0, 3.0, 4.0)


def judge(*claims, looks=LOOKS):
    return judge_in_sequence(claims, looks, LEVEL)


def test_clear_claim_is_closed_at_the_first_look():
    (end,) = judge(make_claim("clear", CLEAR[:3]))
    assert (end.verdict, end.look) == ("HOLDS", 3)


def test_closed_claim_stays_closed_whatever_comes_later():
    (end,) = judge(make_claim("turned", (*CLEAR[:3], *(-9.0,) * 7)))
    assert (end.verdict, end.look) == ("HOLDS", 3)


def test_open_claim_stands_at_its_last_look():
    assert judge(make_claim("open", UNCLEAR[:7])) == [Closed("UNDECIDED", 7)]


def test_claim_waits_for_the_look_at_which_p_is_below_the_cutoff():
    (end,) = judge(make_claim("late", LATE))
    _, (compared,) = make_claim("late", LATE)
    p = {look: gap_at(look, compared).p_not_above(0.0) for look in LOOKS}
    assert end.look == next(look for look in LOOKS if p[look] < cutoff(look, LEVEL)) == 7


def test_seeds_between_looks_are_not_looked_at():
    (end,) = judge(make_claim("open", UNCLEAR[:6]))
    assert end.look == 5


def test_too_few_seeds_reach_no_look():
    assert judge(make_claim("few", CLEAR[:2])) == [None]


def test_reversed_and_weaker_claims_are_told_apart():
    ends = judge(
        make_claim("reversed", -np.array(CLEAR[:3])), make_claim("weak", CLEAR[:3], margin=0.2)
    )
    assert [end.verdict for end in ends] == ["REVERSED", "HOLDS-WEAKER"]


def test_sameness_is_shown_at_a_look_by_both_of_its_tests():
    """Of a claim of sameness HOLDS means that margin - |gap| is above 0."""
    tiny = [one / 100 for one in UNCLEAR]
    ends = judge(
        make_claim("same", tiny[:3], kind="same"),
        make_claim("greater", tiny[:3]),
        make_claim("other", CLEAR[:3], kind="same"),
    )
    assert [end.verdict for end in ends] == ["HOLDS", "EQUIVALENT", "REVERSED"]


def test_decided_claims_leave_their_share_of_alpha_to_the_open_ones():
    marginal = make_claim("marginal", MARGINAL)
    p = gap_at(3, marginal[1][0]).p_not_above(0.0)
    assert cutoff(3, LEVEL / 4) < p < cutoff(3, LEVEL)
    clear = [make_claim(f"c{n}", CLEAR[:3]) for n in range(3)]
    unclear = [make_claim(f"u{n}", UNCLEAR[:3]) for n in range(3)]
    assert judge(marginal, *clear)[0].verdict == "HOLDS"
    assert judge(marginal, *unclear)[0].verdict == "UNDECIDED"


@pytest.mark.parametrize(("num_seeds", "look"), [(0, 3), (3, 5), (4, 5), (7, 10), (10, None)])
def test_next_look(num_seeds, look):
    assert next_look(num_seeds, LOOKS) == look


@pytest.mark.parametrize(
    ("max_seeds", "looks"),
    [(10, (3, 5, 7, 10)), (6, (3, 5, 6)), (3, (3,)), (20, (3, 5, 7, 10, 20))],
)
def test_looks_end_with_the_most_seeds(max_seeds, looks):
    assert looks_until(max_seeds, LOOKS) == looks
