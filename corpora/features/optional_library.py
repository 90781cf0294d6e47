"""Libraries that are not installed by default, because of their size or their licence."""

import importlib
from types import ModuleType

from corpora.source.errors import CorpusError


def import_optional(module: str, *, wanted_by: str, install: str, notice: str) -> ModuleType:
    """Import a library when it is needed.

    Args:
        module: What to import.
        wanted_by: The setting that needs it, e.g. "sound 'egemaps'".
        install: The command that installs it.
        notice: Its licence, in one line.

    Raises:
        CorpusError: If it cannot be imported; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise CorpusError(
            f"{wanted_by} needs {module}, which cannot be imported ({error}): run `{install}`. "
            f"{notice}"
        ) from error
