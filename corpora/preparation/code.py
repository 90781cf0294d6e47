"""The digest of the source that decides what is prepared from media."""

from functools import cache

from corpora.source.code import digest_of_code, modules_of

DECIDING = tuple(
    f"corpora.{room}"
    for room in (
        *("media", "text", "readers", "forms", "features", "feature_files"),
        *("preparation", "recipes", "checkpoints"),
    )
)
"""The rooms that decide the content of a prepared corpus; those of single releases do not count."""


@cache
def preparation_digest() -> str:
    """Return the digest of the source that reads media and makes a prepared corpus of them."""
    return digest_of_code(
        (module for room in DECIDING for module in modules_of(room)),
        follows=lambda module: module.startswith(DECIDING),
    )
