import pytest

from corpora.iemocap.ids import dialogue_of, session_of, side_of, speaker_of
from corpora.source.errors import CorpusError


@pytest.mark.parametrize(
    ("utterance_id", "dialogue", "session", "speaker", "side"),
    [
        ("Ses01F_impro01_F000", "Ses01F_impro01", 1, "Ses01F", "left"),
        ("Ses01F_impro01_M000", "Ses01F_impro01", 1, "Ses01M", "right"),
        ("Ses05M_script03_2_M045", "Ses05M_script03_2", 5, "Ses05M", "left"),
        ("Ses04M_script01_1b_F012", "Ses04M_script01_1b", 4, "Ses04F", "right"),
        ("Ses03M_impro05a_FXX1", "Ses03M_impro05a", 3, "Ses03F", "right"),
    ],
)
def test_id_tells_dialogue_session_speaker_and_side(
    utterance_id: str, dialogue: str, session: int, speaker: str, side: str
) -> None:
    assert dialogue_of(utterance_id) == dialogue
    assert session_of(utterance_id) == session
    assert speaker_of(utterance_id) == speaker
    assert side_of(utterance_id) == side


@pytest.mark.parametrize(
    "other",
    [
        "",
        "Ses06F_impro01_F000",
        "Ses01F_impro01",
        "Ses01F_F000",
        "-3g5yACwYnA_0",
        "Ses01F_impro01_F000\n",
    ],
)
@pytest.mark.parametrize("ask", [side_of, dialogue_of, session_of, speaker_of])
def test_id_of_another_corpus_is_refused_by_its_name(ask, other: str) -> None:
    with pytest.raises(CorpusError, match="is not an utterance id of IEMOCAP") as refused:
        ask(other)
    assert f"'{other}'" in str(refused.value)
