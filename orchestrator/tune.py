"""Trials on Ray Tune: placement and concurrency. The ledger, not Tune, is the record.

Tune asks for trials one by one and gets what a supply, such as `trial_queue.TrialQueue`, hands out.
A trial that comes back, its process lost, is a new one to Tune. Checkpoints are the trial's own
(`orchestrator.checkpoints`): they survive the driver, which Tune's do not.
"""

import tempfile
from collections.abc import Sequence
from functools import partial

import ray
from ray import tune
from ray.tune.schedulers import TrialScheduler

from orchestrator.events import Watcher
from orchestrator.losses import tolerate_losses
from orchestrator.machines import count_requested, resources_of_trial
from orchestrator.mirrored_trials import fetch_record
from orchestrator.on_worker import train_assignment
from orchestrator.training_session import TrainingSession
from orchestrator.trial_queue import TrialQueue
from orchestrator.trial_supply import Assignment, TrialSupply
from orchestrator.tune_hooks import Announcer, SignalStopper, SupplySearcher


def sweep(
    session: TrainingSession,
    assignments: Sequence[Assignment],
    *,
    watchers: Sequence[Watcher],
    reuse_workers: bool = True,
    keeps_models: bool = True,
) -> None:
    """Train trials; each GPU, or each CPU core where there is none, takes one.

    Other drivers may sweep the same storage at once: they share the trials. It ends when all trials
    have ended, or a signal came. The ledger says what is finished.

    Args:
        session: Where to train.
        assignments: The trials, each key once.
        watchers: Are told what happens.
        reuse_workers: Train one trial after another in the same process: saves its start.
        keeps_models: Keep each trained model beside its record.

    Raises:
        ClusterError: If this machine lacks the GPU asked for.
    """
    queue = TrialQueue(
        assignments,
        find_record=partial(fetch_record, session.storage),
        leases=session.leases,
        watchers=watchers,
    )
    train(
        session,
        queue,
        num_trials=len(assignments),
        reuse_workers=reuse_workers,
        keeps_models=keeps_models,
    )


def train(
    session: TrainingSession,
    supply: TrialSupply,
    *,
    num_trials: int,
    scheduler: TrialScheduler | None = None,
    reuse_workers: bool = True,
    keeps_models: bool = True,
) -> None:
    """Train what a supply hands out, until it is done or a signal came.

    Args:
        session: Where to train.
        supply: Hands out trials, and is told what becomes of them.
        num_trials: How many there are at most: more are never asked for at once.
        scheduler: Stops trials early; by default none is.
        reuse_workers: Train one trial after another in the same process: saves its start.
        keeps_models: Keep each trained model beside its record.

    Raises:
        ClusterError: If this machine lacks the GPU asked for.
    """
    machines = session.machines
    resources = resources_of_trial(machines, ray.cluster_resources())
    tolerate_losses()
    with tempfile.TemporaryDirectory(prefix="mmer-sweep-", ignore_cleanup_errors=True) as scratch:
        tuner = tune.Tuner(
            tune.with_resources(train_assignment, resources),
            tune_config=tune.TuneConfig(
                search_alg=SupplySearcher(
                    supply,
                    session.signals,
                    session.storage,
                    keeps_models,
                    "gpu" in resources,
                    lambda: count_requested(
                        machines, ray.cluster_resources(), resources, num_trials
                    ),
                ),
                scheduler=scheduler,
                num_samples=-1,
                max_concurrent_trials=num_trials,  # `SupplySearcher` says how many there are now
                reuse_actors=reuse_workers,
                trial_dirname_creator=lambda tune_trial: tune_trial.trial_id,
            ),
            run_config=tune.RunConfig(
                name="sweep",
                storage_path=scratch,
                verbose=0,
                stop=SignalStopper(session.signals),
                callbacks=[Announcer(supply, is_local=machines.address is None)],
                failure_config=tune.FailureConfig(max_failures=0),
            ),
        )
        tuner.fit()
