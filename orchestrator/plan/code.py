"""The digest of the source that decides a trial's result: a commit that leaves it alone is no news.

It covers the training, the batches, the metrics of the training, and of the models those files that
the trial's own system imports. The source of a user's own system is named in its config; here, what
it imports of ours counts.
"""

from functools import cache

from corpora.source.code import digest_of_code, modules_of
from models.configs.base import SystemConfig
from models.own.system import OwnSystem

DECIDING = (
    *("models", "orchestrator.training", "corpora.batches", "corpora.forms", "corpora.text"),
    *("corpora.checkpoints", "reports.metrics", "reports.scores.metrics", "search_spaces.metrics"),
)
"""The packages and modules that decide results."""

OF_ALL_SYSTEMS = ("models.build", "models.configs.system")
"""Modules that only list the systems."""


def code_digest(system: SystemConfig) -> str:
    """Return the digest of the source that decides the results of a system's trials."""
    uses = system.uses if isinstance(system, OwnSystem) else frozenset()
    return _digest(type(system).__module__, uses)


@cache
def _digest(config_module: str, uses: frozenset[str]) -> str:
    roots = (*modules_of("orchestrator.training"), "models.init", builder_of(config_module), *uses)
    return digest_of_code(roots, _decides)


def builder_of(config_module: str) -> str:
    """Name the module that builds a system from its config: it has the name of the config's."""
    return config_module.replace(".configs.", ".builders.")


def _decides(module: str) -> bool:
    return module not in OF_ALL_SYSTEMS and any(
        module == one or module.startswith(f"{one}.") for one in DECIDING
    )
