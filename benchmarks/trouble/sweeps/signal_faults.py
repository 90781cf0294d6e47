"""Signals to each kind of process of a sweep."""

import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

import psutil

from benchmarks.trouble.sweeps.bench import MOMENT_S, Bench, Strike
from benchmarks.trouble.sweeps.fault import Struck
from benchmarks.trouble.sweeps.real_sweep import num_batches, wait_until

START_S = 20.0
"""One signal to the driver in four comes so long after the start of the next one, at most."""

WORKER_S = 20.0
"""How long a worker may take to answer a signal by its end."""

SERVER_S = 600.0
"""How long MLflow may take to start on a busy machine."""


def hit_worker(bench: Bench, signum: signal.Signals) -> Struck:
    """Send a signal to one of the processes that train."""
    trainers = bench.sweep.trainers()
    if not trainers:
        return Struck(0)
    victim = bench.rng.choice(list(trainers))
    with suppress(psutil.Error):
        victim.send_signal(signum)
        victim.wait(WORKER_S)
    return Struck(1, () if victim.is_running() else bench.lost_by([trainers[victim]]))


def hit_driver(bench: Bench, signum: signal.Signals) -> Struck:
    """Send a signal to the driver, and start the command again; at times twice in its start."""
    keys = [*bench.sweep.trainers().values()]
    bench.sweep.kill(signum)
    bench.end(bench.sweep)
    struck = Struck(1, bench.lost_by(keys))
    bench.sweep = bench.start()
    if bench.rng.random() < 0.25:
        time.sleep(bench.rng.uniform(0, START_S))
        more = hit_driver(bench, signum)
        struck = Struck(struck.num_injected + more.num_injected, struck.epochs + more.epochs)
    return struck


def hit_ray(bench: Bench, name: str) -> Struck:
    """Kill a process of Ray itself; the driver ends by itself, and is started again."""
    keys = [*bench.sweep.trainers().values()]
    victims = bench.sweep.named(name)
    for process in victims:
        process.kill()
    if not victims:
        return Struck(0)
    bench.end(bench.sweep)
    struck = Struck(len(victims), bench.lost_by(keys))
    bench.sweep = bench.start()
    return struck


def hit_one_of_two(bench: Bench) -> Struck:
    """Let a second driver join, and kill one of the two; the other goes on."""
    other = bench.start(slots=1)
    wait_until(lambda: other.trainers() or other.has_ended)
    before = num_batches(bench.storage)
    wait_until(lambda: num_batches(bench.storage) > before or other.has_ended)
    time.sleep(bench.rng.uniform(0, MOMENT_S))
    if not bench.sweep.has_ended and bench.rng.random() < 0.5:
        bench.sweep, other = other, bench.sweep
    keys = [*other.trainers().values()]
    if other.has_ended:
        return Struck(0)
    other.kill(signal.SIGKILL)
    bench.end(other)
    return Struck(1, bench.lost_by(keys))


def hit_server(bench: Bench) -> Struck:
    """Kill the MLflow server, and start it again some seconds later."""
    bench.server.kill()
    time.sleep(bench.rng.uniform(0, MOMENT_S))
    bench.server.start(SERVER_S)
    return Struck(1)


SIGNALS: Mapping[str, Strike] = {
    **{
        f"{signum.name} of {victim}": partial(strike, signum=signum)
        for victim, strike in (("a worker", hit_worker), ("the driver", hit_driver))
        for signum in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
    },
    "SIGKILL of the raylet": partial(hit_ray, name="raylet"),
    "SIGKILL of GCS": partial(hit_ray, name="gcs_server"),
    "SIGKILL of the MLflow server": hit_server,
    "SIGKILL of one of two drivers": hit_one_of_two,
}
