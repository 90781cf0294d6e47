"""Storage that is slow, full, read-only or away for some seconds, and clocks that jump."""

import errno
import time
from collections.abc import Mapping
from functools import partial

from benchmarks.trouble.shim import CALLS, CHANGING, Shim, Trouble
from benchmarks.trouble.sweeps.bench import Bench, Strike
from benchmarks.trouble.sweeps.fault import Struck

LENGTH_S = (2.0, 8.0)
"""How long a trouble lasts: a trial outlasts minutes of it."""

HOURS_S = 3600

TROUBLES: Mapping[str, Trouble] = {
    "NFS: EIO of one call in 20": Trouble(CALLS, errno.EIO, per_10000=500),
    "NFS: ESTALE of one call in 20": Trouble(CALLS, errno.ESTALE, per_10000=500),
    "NFS: done, but its reply is lost": Trouble(CHANGING, errno.EIO, per_10000=1000, is_done=True),
    "NFS: each second call waits 0.1 s": Trouble(CALLS, per_10000=5000, delay_s=0.1),
    "full disk": Trouble(("write", "open to write", "fsync", "link", "mkdir"), errno.ENOSPC),
    "read-only": Trouble(CHANGING, errno.EROFS),
}


def make_trouble(bench: Bench, trouble: Trouble) -> Struck:
    """Let calls fail for some seconds; start the command again if it gave up."""
    shim = _shim_of(bench)
    before = sum(shim.counts().values())
    with shim.trouble(trouble, bench.rng.randrange(2**32)):
        time.sleep(bench.rng.uniform(*LENGTH_S))
    if bench.sweep.has_ended and not bench.is_through:
        bench.end(bench.sweep)
        bench.sweep = bench.start()
    return Struck(sum(shim.counts().values()) - before)


def step_clock(bench: Bench, way: int) -> Struck:
    """Let the clock jump by hours, and back some seconds later."""
    shim = _shim_of(bench)
    with shim.trouble(Trouble(clock_offset_s=way * HOURS_S * bench.rng.randint(1, 48))):
        time.sleep(bench.rng.uniform(*LENGTH_S))
    return Struck(2)


def _shim_of(bench: Bench) -> Shim:
    if bench.shim is None:
        raise RuntimeError("the sweep was started without the library of failing calls")
    return bench.shim


STORAGE: Mapping[str, Strike] = {
    name: partial(make_trouble, trouble=trouble) for name, trouble in TROUBLES.items()
}
CLOCK: Mapping[str, Strike] = {
    f"clock jumps {name}": partial(step_clock, way=way)
    for name, way in (("ahead and back", 1), ("back and ahead", -1))
}
