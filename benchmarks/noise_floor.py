"""How often do the gaps of equal rows lie above a noise floor, and how often do larger gaps?

A row is trained with n seeds, and as its own control with n others; its floor is the half width of
the 95 % interval of their gap. Another row of the same spread, on n seeds, lies a number of
standard deviations of a score above a third one. Beside the floor stands the gap of the control
itself, which is not to be used as a floor.
"""

import numpy as np
from rich.table import Table

from benchmarks.interval_coverage import LAWS
from benchmarks.measurement import markdown_table
from reports.statistics.gap import independent_gap

NUM_SEEDS = (3, 5, 10)
GAPS = (0.0, 1.0, 2.0, 3.0)
SEED = 0


def noise_table(num: int) -> Table:
    """Tabulate the share of gaps of other rows above the floor, and above the control's gap."""
    headers = [f"gap {gap:g}: above floor / above control" for gap in GAPS]
    table = markdown_table("errors", "seeds", *headers)
    for number, (law, draw) in enumerate(LAWS.items()):
        for num_seeds in NUM_SEEDS:
            rng = np.random.default_rng([SEED, number, num_seeds])
            own, control, one, other = draw(rng, (4, num, num_seeds))
            controls = [independent_gap(*of_row) for of_row in zip(own, control, strict=True)]
            means = np.array([gap.mean for gap in controls])
            floors = means - np.array([gap.interval()[0] for gap in controls])
            found = one.mean(axis=1) - other.mean(axis=1)
            shares = [
                [float((np.abs(found + gap) > bound).mean()) for bound in (floors, np.abs(means))]
                for gap in GAPS
            ]
            table.add_row(
                law, str(num_seeds), *(f"{above:.3f} / {beyond:.3f}" for above, beyond in shares)
            )
    return table
