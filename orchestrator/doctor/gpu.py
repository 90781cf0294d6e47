"""GPUs, their driver, and whether PyTorch can use them. PyTorch is loaded in another process."""

import shutil
import warnings
from collections.abc import Iterator

from pydantic import BaseModel

from orchestrator.doctor.apart import ApartError, call_apart, run_limited
from orchestrator.doctor.finding import Finding, Level, Wanted

LEAST_DRIVER = 580
LEAST_CAPABILITY = (7, 5)
SMI = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
SMI_LIMIT_S, TORCH_LIMIT_S = 10.0, 60.0
UPDATE = f"install NVIDIA's driver {LEAST_DRIVER} or later"


class TorchGpu(BaseModel, frozen=True):
    """A GPU as PyTorch sees it."""

    name: str
    capability: tuple[int, int]
    memory_mib: int


class TorchFacts(BaseModel, frozen=True):
    """What PyTorch says of itself and of the GPUs; `said` are its warnings."""

    version: str
    cuda: str | None
    gpus: tuple[TorchGpu, ...]
    said: str


def ask_torch(_given: str) -> TorchFacts:
    """Load PyTorch and ask it; this runs apart."""
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    properties = [torch.cuda.get_device_properties(index) for index in range(num_gpus)]
    return TorchFacts(
        version=torch.__version__,
        cuda=torch.version.cuda,
        gpus=tuple(
            TorchGpu(name=p.name, capability=(p.major, p.minor), memory_mib=p.total_memory >> 20)
            for p in properties
        ),
        said=" ".join(str(one.message).split("\n")[0] for one in caught),
    )


def look_at_gpus(wanted: Wanted) -> Iterator[Finding]:
    """Ask the driver and PyTorch."""
    trains_elsewhere = wanted.device == "cpu" or wanted.address is not None
    level: Level = "note" if trains_elsewhere else "problem"
    try:
        drivers = _ask_driver()
    except ApartError as error:
        drivers = []
        yield Finding(
            subject="driver",
            level="note",
            text=f"nvidia-smi does not answer: {error}",
            advice=f"if this machine has a GPU, {UPDATE}",
        )
    yield from judge_drivers(drivers, level)
    try:
        facts = call_apart(f"{__name__}:ask_torch", "", TorchFacts, limit_s=TORCH_LIMIT_S)
    except ApartError as error:
        yield Finding(
            subject="torch",
            level="problem",
            text=f"PyTorch cannot be loaded: {error}",
            advice="install the versions of requirements.lock again",
        )
        return
    yield from judge_torch(facts, wanted, num_gpus=len(drivers), level=level)


def _ask_driver() -> list[tuple[str, str]]:
    """List the GPUs that the driver knows, each with the driver's version."""
    if shutil.which(SMI[0]) is None:
        return []
    ended = run_limited(SMI, limit_s=SMI_LIMIT_S)
    if ended.status != 0:
        said = (ended.err or ended.out).decode(errors="replace").strip()
        raise ApartError(said.partition("\n")[0] or f"it ended with status {ended.status}")
    return read_drivers(ended.out.decode(errors="replace"))


def read_drivers(text: str) -> list[tuple[str, str]]:
    """Read what nvidia-smi prints: a line for each GPU, with its name and the driver's version."""
    pairs = (line.rpartition(",") for line in text.splitlines() if "," in line)
    return [(name.strip(), driver.strip()) for name, _, driver in pairs]


def judge_drivers(gpus: list[tuple[str, str]], level: Level) -> Iterator[Finding]:
    """Tell the driver's version, and whether it is too old."""
    for driver in dict.fromkeys(driver for _, driver in gpus):
        major = driver.partition(".")[0]
        if major.isdecimal() and int(major) < LEAST_DRIVER:
            yield Finding(
                subject="driver", level=level, text=f"NVIDIA's driver {driver}", advice=UPDATE
            )
        else:
            yield Finding(subject="driver", level="ok", text=f"NVIDIA's driver {driver}")


def judge_torch(
    facts: TorchFacts, wanted: Wanted, *, num_gpus: int, level: Level
) -> Iterator[Finding]:
    """Tell which GPUs PyTorch can use, and what keeps it from the others."""
    yield Finding(
        subject="torch",
        level="ok",
        text=f"PyTorch {facts.version}, "
        + ("for CPUs alone" if facts.cuda is None else f"for CUDA {facts.cuda}"),
    )
    for gpu in facts.gpus:
        number = ".".join(map(str, gpu.capability))
        least = ".".join(map(str, LEAST_CAPABILITY))
        is_able = gpu.capability >= LEAST_CAPABILITY
        yield Finding(
            subject="gpu",
            level="ok" if is_able else level,
            text=f"{gpu.name}, {gpu.memory_mib / 1024:.0f} GiB, compute capability {number}",
            advice="" if is_able else f"{least} is needed: hide it with CUDA_VISIBLE_DEVICES",
        )
    if num_gpus > 0 and not facts.gpus:
        yield Finding(
            subject="gpu",
            level=level,
            text=f"PyTorch can use none of {num_gpus} GPUs. {facts.said}".strip(),
            advice="install a PyTorch that is built for CUDA (requirements.lock has one)"
            if facts.cuda is None
            else f"{UPDATE}; or train on the CPU with --device cpu",
        )
    elif not facts.gpus:
        yield _no_gpu(wanted)


def _no_gpu(wanted: Wanted) -> Finding:
    text = "none: trials train on the CPU"
    if wanted.address is not None:
        return Finding(subject="gpu", level="ok", text="none here; the cluster trains")
    if wanted.device == "gpu":
        advice = "leave out --device gpu"
        return Finding(subject="gpu", level="problem", text="none", advice=advice)
    if wanted.device == "cpu":
        return Finding(subject="gpu", level="ok", text=text)
    return Finding(subject="gpu", level="note", text=text, advice="`--scale tiny` suits a CPU")
