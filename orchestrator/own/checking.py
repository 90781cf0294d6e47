"""Checks the models of users on a worker, before anything trains: it has what workers have."""

from collections.abc import Iterable
from pathlib import Path

import ray
from ray.exceptions import RayError, RayTaskError

from models.own.errors import OwnCodeError
from models.own.system import OwnSystem
from orchestrator.storage.mirror import place_of
from orchestrator.storage.own_code import keep_code, with_own_code
from orchestrator.storage.reach import reach_storage
from search_spaces.trial import Trial


def check_own_systems(trials: Iterable[Trial], storage: Path) -> None:
    """Keep the code of users' systems in the storage, and check each system on a worker of Ray.

    Raises:
        OSError: If the storage cannot be written.
        OwnCodeError: If a model does not keep to the contract; all faults, each with what to do.
    """
    first_of = {trial.config.model: trial for trial in reversed(list(trials))}
    own = {model: trial for model, trial in first_of.items() if isinstance(model, OwnSystem)}
    for model in {model.code: model for model in own}.values():
        keep_code(model, storage)
    check = ray.remote(num_cpus=1, max_retries=0)(_check)
    pending = {model: check.remote(place_of(storage), trial) for model, trial in own.items()}
    lines: dict[str, None] = {}
    for model, answer in pending.items():
        try:
            faults = ray.get(answer)
        except RayTaskError as error:
            faults = [f"{type(error.cause).__name__}: {error.cause}"]
        except RayError as error:
            faults = [f"the process that tried it has ended: {str(error).splitlines()[0]}"]
        place = f"'{model.code.file}', system '{model.system}'"
        lines |= {f"{place}: {fault}": None for fault in faults}
    if lines:
        raise OwnCodeError(
            "\n".join([*lines, "a check that a model need not pass can be waived: waives=(NAME,)"])
        )


def _check(place: str, trial: Trial) -> list[str]:
    """Check the model of a trial; the errors of a user's code are among the faults."""
    import torch

    from orchestrator.own.contract import check_contract
    from orchestrator.trial.run import open_corpus_of

    torch.set_num_threads(1)
    storage = reach_storage(place, trial)
    try:
        trial = with_own_code(trial, storage)
    except OwnCodeError as error:
        return [str(error)]
    corpus = open_corpus_of(trial, storage, torch.device("cpu"))
    model = trial.config.model
    assert isinstance(model, OwnSystem)
    return check_contract(model, corpus)
