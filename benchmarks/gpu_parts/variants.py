"""Variants that may make a step faster: bf16, rounded numbers of pictures."""

from collections.abc import Iterator

from benchmarks.drawn_batch import rounded_up
from benchmarks.gpu_parts.figure import Figure, Setting
from benchmarks.gpu_parts.trainee import SYSTEMS, batch_sizes, config_of, our_trainee, sent

MULTIPLE = 32
TIMED_S, SHORT_TIMED_S = 1.0, 0.1


def measure(setting: Setting) -> Iterator[Figure]:
    """Compare steps of the largest batch; above 1 the variant is faster."""
    min_s = TIMED_S if setting.on_gpu else SHORT_TIMED_S
    for system in SYSTEMS:
        config = config_of(system, setting)
        batch = sent(config, batch_sizes(config, setting)[-1], setting.device)
        fp32 = our_trainee(config, "fp32", setting.device).time(batch, min_s=min_s)
        trainee = our_trainee(config, "bf16", setting.device)
        bf16 = trainee.time(batch, min_s=min_s)
        yield Figure(f"{system}: bf16 against fp32", fp32.median / bf16.median, "x")
        rounded = trainee.time(rounded_up(batch, MULTIPLE), min_s=min_s)
        yield Figure(
            f"{system}: pictures in multiples of {MULTIPLE}",
            bf16.median / rounded.median,
            "x",
            remark=worth(bf16.median - rounded.median),
        )


def worth(saved_s: float, start_s: float = 0.0) -> str:
    """Say whether a variant that saves this time per step is worth it, and from which step on."""
    if saved_s <= 0:
        return "does not pay"
    return f"start {start_s:.0f} s, pays from step {start_s / saved_s:,.0f} on"
