"""Probes that nobody measured, of models that differ in the depth of their fusion."""

from models.configs.le import LeConfig, TransformerFusion
from orchestrator.cluster.assignment import Assignment
from reports.ledger.probe import Probe, architecture_of, torch_version
from search_spaces.change import apply_change
from search_spaces.study import RowRef
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config

EPOCHS = 2
"""Of all their trials."""


def make_assignment(depth: int, seed: int, **training: object) -> Assignment:
    config = apply_change(small_config(**training), {"model.fusion.depth": depth})
    corpus = CorpusRef(name="mine", recipe="le", fingerprint="f00d")
    row = {1: "shallow", 3: "deep"}.get(depth, f"depth {depth}")
    return Assignment(Trial(config=config, corpus=corpus, seed=seed), RowRef("small", row))


def depth_of(trial: Trial) -> int:
    """Return the depth of its fusion, by which `make_assignment` makes trials differ."""
    model = trial.config.model
    assert isinstance(model, LeConfig)
    assert isinstance(model.fusion, TransformerFusion)
    return model.fusion.depth


def make_probe(
    trial: Trial, trial_s: float, *, gpu_memory_mib: float | None = None, device: str = "a CPU"
) -> Probe:
    """Make the probe by which trials of `EPOCHS` epochs take so long: 1 s before, 1 s after."""
    epoch_s = (trial_s - 2) / EPOCHS
    return Probe(
        architecture=architecture_of(trial),
        device=device,
        num_at_once=2,
        torch=torch_version(),
        num_steps=8,
        start_s=1.0,
        step_s=epoch_s / 10,
        valid_s=epoch_s / 5,
        end_s=1.0,
        memory_mib=900.0,
        gpu_memory_mib=gpu_memory_mib,
    )
