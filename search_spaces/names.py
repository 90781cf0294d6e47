"""The names of the built-in studies, known before any is loaded, and what a name may be."""

import re

STUDY_NAMES = (
    *("main", "components", "layers", "le-reading"),  # Le et al.
    *("sota", "modules", "unimodal", "sem", "cross-modal", "bottlenecks", "sem-reading"),  # Xia
    *("systems", "fusions", "controls"),
)
COLLECTION_NAMES = ("le2023", "xia2022", "all")
"""Names of several studies that one command runs together."""

MAX_NAME_BYTES = 200
"""File systems allow 255, and files that are being written have longer names."""


def name_fault(name: str) -> str | None:
    """Say what is wrong with the name of a study or a space, which names a folder."""
    if not re.fullmatch(r"[\w-]+", name):
        return "name: choose letters, digits, '-' and '_', because it names a folder"
    num_bytes = len(name.encode())
    if num_bytes > MAX_NAME_BYTES:
        return f"name: it has {num_bytes} bytes; at most {MAX_NAME_BYTES}, for it names a folder"
    return None
