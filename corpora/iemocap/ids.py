"""What an utterance id of IEMOCAP says: session, dialogue, speaker, and the side that speaks."""

import re
from typing import Literal

from corpora.source.errors import CorpusError

Side = Literal["left", "right"]

_ID = re.compile(
    r"(?P<dialogue>Ses0(?P<session>[1-5])(?P<wearer>[FM])_(impro|script)[0-9a-z]+(_[0-9a-z]+)?)"
    r"_(?P<speaker>[FM])[0-9X]+"
)
"""`wearer` wears the face markers in this recording, on the left half and channel."""


def side_of(utterance_id: str) -> Side:
    """Return the side of the speaker: the half of the picture and the channel of the sound.

    Left if the session's letter is the speaker's, else right. (Dai et al. 2021, their data loader)

    Raises:
        CorpusError: If the id is not of the IEMOCAP form.
    """
    parts = _parts(utterance_id)
    return "left" if parts["wearer"] == parts["speaker"] else "right"


def dialogue_of(utterance_id: str) -> str:
    """Name the dialogue, as IEMOCAP's own files are named: `Ses01F_script01_1`.

    Raises:
        CorpusError: If the id is not of the IEMOCAP form.
    """
    return _parts(utterance_id)["dialogue"]


def session_of(utterance_id: str) -> int:
    """Return the session's number, 1 to 5.

    Raises:
        CorpusError: If the id is not of the IEMOCAP form.
    """
    return int(_parts(utterance_id)["session"])


def speaker_of(utterance_id: str) -> str:
    """Name the speaker by session and gender, `Ses01F`: each session has two speakers of its own.

    The letter is the speaker's, not the session name's.

    Raises:
        CorpusError: If the id is not of the IEMOCAP form.
    """
    parts = _parts(utterance_id)
    return f"Ses0{parts['session']}{parts['speaker']}"


def _parts(utterance_id: str) -> dict[str, str]:
    match = _ID.fullmatch(utterance_id)
    if match is None:
        raise CorpusError(
            f"'{utterance_id}' is not an utterance id of IEMOCAP, which look like "
            "'Ses01F_impro01_F000' or 'Ses05M_script03_2_F012'"
        )
    return match.groupdict()
