"""Commands with mounts of their own, which nobody else sees and which end with them."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def in_mount_namespace(command: Sequence[str | Path]) -> list[str]:
    """Let a command mount what it wants."""
    return ["unshare", "--mount", "--propagation", "private", *map(str, command)]


def _why_not() -> str:
    """Say why this process may not mount anything; empty if it may."""
    if sys.platform != "linux":
        return "mount namespaces are Linux's"
    tried = in_mount_namespace(["mount", "-t", "tmpfs", "tmpfs", "/mnt"])
    try:
        subprocess.run(tried, capture_output=True, check=True, timeout=30)
    except FileNotFoundError as error:
        return f"'{error.filename}' is not there"
    except subprocess.CalledProcessError as error:
        return f"mounting is not allowed: {error.stderr.decode().strip()}"
    return ""


WHY_NOT = _why_not()
