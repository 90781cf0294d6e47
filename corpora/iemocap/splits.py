"""How IEMOCAP is split: by id lists, or by leaving out a session."""

from functools import partial
from pathlib import Path

from corpora.iemocap.ids import session_of
from corpora.readers.intake import SplitRule
from corpora.readers.split_lists import read_split_lists
from corpora.source.errors import CorpusError
from corpora.source.split import Split

NUM_SESSIONS = 5


def iemocap_split_rule(splits: Path | None, leave_out_session: int | None) -> SplitRule:
    """Split by the lists in a folder, or by sessions: no speaker is in two of them.

    Raises:
        CorpusError: If not exactly one of the two is given, or it is wrong.
    """
    if splits is not None and leave_out_session is None:
        return SplitRule.from_lists(read_split_lists(splits))
    if splits is not None or leave_out_session is None:
        raise CorpusError(
            "IEMOCAP has no split of its own; choose one: --splits DIR, a folder of id lists "
            "(those of Dai et al. are the published split, with every speaker in train and in "
            f"test), or --leave-out-session N, 1 to {NUM_SESSIONS} (session N is test, the next "
            "one valid, the others train: no speaker is in two splits), or --folds sessions, which "
            "leaves out each session in turn"
        )
    if leave_out_session not in range(1, NUM_SESSIONS + 1):
        raise CorpusError(
            f"session {leave_out_session} cannot be left out: IEMOCAP has 1 to {NUM_SESSIONS}"
        )
    return SplitRule(partial(_split_of, leave_out_session))


def _split_of(leave_out_session: int, utterance_id: str) -> Split | None:
    try:
        after = (session_of(utterance_id) - leave_out_session) % NUM_SESSIONS
    except CorpusError:
        return None
    return "test" if after == 0 else "valid" if after == 1 else "train"
