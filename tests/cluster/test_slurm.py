"""`clusters/slurm.sh` as it is shipped, on two hosts with a Slurm of their own."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.hosts import Hosts, running_hosts
from tests.running import checkpoints, record_times, records, results, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(shutil.which(name) is None for name in ("slurmctld", "slurmd", "munged")),
        reason="no Slurm here (Debian: munge slurm-client slurmctld slurmd)",
    ),
]

CONFIG = Path(__file__).with_name("slurm.conf")
SCRIPT = Path(__file__).parents[2] / "clusters" / "slurm.sh"
START = (
    # `ip netns exec` hides the control groups, which slurmd looks for and does not use.
    "mount -t tmpfs none /sys/fs/cgroup && mkdir -p /tmp/slurmd /run/munge && chmod 1777 /tmp && "
    "munged --force --key-file={shared}/munge.key --seed-file=/run/munge/seed "
    "--log-file=/tmp/munged.log --pid-file=/run/munged.pid && {daemons}"
)


@pytest.fixture
def hosts(tmp_path_factory: pytest.TempPathFactory, alone: Path) -> Iterator[Hosts]:
    """Make two hosts with Slurm; home, environment and storage are on their shared folder."""
    shared = tmp_path_factory.mktemp("nfs")
    shutil.copytree(alone / "storage" / "corpora", shared / "storage" / "corpora")
    shutil.copy(alone / "small.py", shared)
    (shared / "home").mkdir()
    (shared / ".venv").symlink_to(sys.prefix)
    (shared / "munge.key").write_bytes(b"a key of this test alone, which is no secret" * 3)
    (shared / "munge.key").chmod(0o600)
    (shared / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    # Hosts have no GPUs that Slurm could give away.
    text = SCRIPT.read_text(encoding="utf-8").replace("#SBATCH --gpus-per-node=1\n", "")
    (shared / "slurm.sh").write_text(text)
    environment = {
        "SLURM_CONF": f"{shared}/slurm.conf",
        "MMER_SWEEP_STORAGE": f"{shared}/storage",
    }
    lab = tmp_path_factory.mktemp("lab")
    with running_hosts(lab, 2, shared=shared, environment=environment) as made:
        nodes = ",".join(host.name for host in made)
        config = CONFIG.read_text().replace("{head}", made[0].name).replace("{nodes}", nodes)
        (shared / "slurm.conf").write_text(config)
        for host, daemons in zip(made, ("slurmctld && slurmd", "slurmd"), strict=True):
            host.run(START.format(shared=shared, daemons=daemons))
        wait_for(lambda: "idle" in made[0].run("sinfo --noheader --format=%T"), limit_s=60)
        yield made


def test_job_that_is_queued_again_goes_on_where_it_was(hosts: Hosts, alone: Path) -> None:
    head, storage = hosts[0], hosts.shared / "storage"
    submit = "sbatch --parsable slurm.sh run small.py --corpus mine"
    job = head.run(f"cd {hosts.shared} && HOME={hosts.shared}/home {submit}").strip()
    wait_for(lambda: bool(checkpoints(storage)))
    head.run(f"scancel --batch --signal=USR1 {job}")  # as before the time is over
    restarts = f"scontrol show job {job} | grep --only-matching 'Restarts=[0-9]*'"
    wait_for(lambda: head.run(restarts).strip() == "Restarts=1", limit_s=90)
    finished, begun = record_times(storage), checkpoints(storage)
    assert begun
    wait_for(lambda: head.run(f"squeue --noheader --job={job} --format=%T").strip() == "PENDING")
    head.run(f"scontrol update JobId={job} StartTime=now")  # Slurm would wait two minutes
    wait_for(lambda: not head.run("squeue --noheader").strip(), limit_s=240)
    logs = "\n".join(log.read_text() for log in sorted(hosts.shared.glob("slurm-*.out")))
    assert results(storage) == results(alone / "storage"), logs
    assert record_times(storage).items() >= finished.items()
    assert any(record.circumstances.resumed_from_epochs for record in records(storage).values())
