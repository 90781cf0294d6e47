"""One fault of a sweep, and what it cost."""

from dataclasses import dataclass
from typing import NamedTuple


class Struck(NamedTuple):
    """What was hit.

    Attributes:
        num_injected: Signals that were sent, or calls that failed or waited.
        epochs: The epochs of work that each trial lost whose process died.
    """

    num_injected: int
    epochs: tuple[float, ...] = ()


@dataclass(frozen=True)
class Fault:
    """A fault, or all of one kind within some seconds.

    Attributes:
        kind: What happened.
        struck: What was hit.
        lost: Finished trials whose record was gone when the sweep trained again.
        repeated: Finished trials whose record was written again until then.
        recovery_s: From the fault to the next batch that is trained, or the end of the sweep.
    """

    kind: str
    struck: Struck
    lost: int
    repeated: int
    recovery_s: float
