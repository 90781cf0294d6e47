"""What may be shown of an address: everything except its credentials."""

import re

HIDDEN = "***"
_USER_INFO = re.compile(r"""(?<=://)(?:[^\s/@'"]*:(?!\d+[/?])[^\s'"]*@|[^\s/'"]*@)""")
"""User and password between `://` and `@`, also where one of them holds `@` or `/` unquoted."""

_SECRET_OPTION = re.compile(
    r"""([?&;][\w.-]*(?:pass|pwd|token|secret|key|signature|credential)[\w.-]*=)[^\s&;'"]*""",
    re.IGNORECASE,
)


_SECRET_VALUE = re.compile(
    r"""((?:password|passwd|secret|token(?!s)|api_?key|access_?key|credential)[\w.-]{0,64}
    ["']?\s{0,8}[=:]\s{0,8})(["']?)[^\s"',;{}]+""",
    re.IGNORECASE | re.VERBOSE,
)
"""The end of a name that is called like a secret, with its value: of an environment, a dictionary.

Each part is bounded: a long text without any secret must not take minutes.
"""

_TOKEN = re.compile(r"\b(?:(?i:bearer|basic)\s+[\w.~+/=-]{8,}|hf_\w{8,}|gh[ps]_\w{8,}|AKIA\w{12,})")


def without_secrets(text: str) -> str:
    """Hide the credentials of all addresses in a text: `http://me:secret@host` loses `me:secret`.

    Values of options that are named like a secret are hidden too: `?password=...`.
    """
    return _SECRET_OPTION.sub(rf"\1{HIDDEN}", _USER_INFO.sub(f"{HIDDEN}@", text))


def without_secrets_of_programs(text: str) -> str:
    """Hide also what programs print of their environment and of requests: `NAME_TOKEN=...`.

    It hides more than is needed where a text speaks of tokens and keys.
    """
    hidden = _SECRET_VALUE.sub(rf"\1\2{HIDDEN}", without_secrets(text))
    return _TOKEN.sub(HIDDEN, hidden)
