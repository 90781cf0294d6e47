"""What may be shown of an address: everything except its credentials."""

import re

HIDDEN = "***"
_USER_INFO = re.compile(r"""(?<=://)(?:[^\s/@'"]*:(?!\d+[/?])[^\s'"]*@|[^\s/'"]*@)""")
"""User and password between `://` and `@`, also where one of them holds `@` or `/` unquoted."""

_SECRET_OPTION = re.compile(
    r"""([?&;][\w.-]*(?:pass|pwd|token|secret|key|signature|credential)[\w.-]*=)[^\s&;'"]*""",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """Hide the credentials of all addresses in a text: `http://me:secret@host` loses `me:secret`.

    Values of options that are named like a secret are hidden too: `?password=...`.
    """
    return _SECRET_OPTION.sub(rf"\1{HIDDEN}", _USER_INFO.sub(f"{HIDDEN}@", text))
