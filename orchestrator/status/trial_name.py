"""How a user names a trial: by the beginning of its key, or as STUDY/ROW/SEED."""

import re

KEY = re.compile(r"[0-9a-f]{4,24}")


def names_trial(name: str) -> bool:
    """Whether a name may be that of a trial."""
    return KEY.fullmatch(name) is not None or name.count("/") >= 2
