"""Hosts on one Linux machine: namespaces of network, processes, mounts and names, each with sshd.

Private to a host: its processes, its home, `/tmp`, `/run`, `/dev/shm`. Shared with this machine are
this checkout, the Python that it runs on, and one folder in the place of a lab's NFS. The root
process of a host is its sshd: SIGKILL of it is a machine that loses its power.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
BECOME_HOST = Path(__file__).with_name("become_host.sh")
PROGRAMS = ("ip", "unshare", "setpriv", "ssh", "ssh-keygen", "sshd", "rsync")
NETWORKS = range(77, 100)
START_S = 30.0

SSHD_CONFIG = """\
HostKey /run/host_key
PermitRootLogin yes
PasswordAuthentication no
UsePAM no
StrictModes no
MaxSessions 100
MaxStartups 100
"""


class Host:
    """One host: its address, and how to talk to it."""

    def __init__(self, bridge: str, index: int, address: str, key: Path) -> None:
        self.name = f"{bridge}-{index}"
        self.link = f"{bridge}v{index}"
        """The outer end of its cable."""
        self.address = address
        self.key = key
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, command: str, *, input_text: str = "", timeout_s: float = 120) -> str:
        """Run a command in a login shell there; gives what it prints.

        Raises:
            CalledProcessError: If it fails.
        """
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
        flags = [flag for option in options for flag in ("-o", option)]
        shell = ["ssh", "-i", str(self.key), *flags, f"root@{self.address}", command]
        done = subprocess.run(
            shell, input=input_text, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        if done.returncode:
            raise subprocess.CalledProcessError(
                done.returncode, command, done.stdout + done.stderr, done.stderr
            )
        return done.stdout

    def kill(self) -> None:
        """Kill all its processes at once and pull its cable, as when its power fails."""
        if self.process is not None and self.process.poll() is None:
            subprocess.run(["ip", "link", "set", self.link, "down"], check=False)
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)


class Hosts(list[Host]):
    """Hosts on one network, the folder that they share, and the key that opens them."""

    def __init__(self, lab: Path, shared: Path, number: int) -> None:
        super().__init__()
        self.key = lab / "key"
        self.shared = shared
        self.bridge = f"mmer{number}"
        self.gateway = f"10.{number}.0.1"
        """The address of this machine for its hosts."""


def why_no_hosts() -> str | None:
    """Say why hosts cannot be made here; None if they can."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "hosts are namespaces, which only root on Linux makes"
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    if missing := [name for name in PROGRAMS if shutil.which(name, path=path) is None]:
        return f"hosts need {', '.join(missing)} (iproute2, openssh-client, openssh-server, rsync)"
    links = "ip link add probe0 type bridge && ip link add probe1 type veth"
    trial = f"mount -t tmpfs none /mnt && {links}"
    command = ["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "sh", "-c"]
    refused = subprocess.run([*command, trial], capture_output=True, text=True, check=False)
    return f"namespaces are refused here: {refused.stderr}" if refused.returncode else None


@contextmanager
def running_hosts(
    lab: Path, num: int, *, shared: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Hosts]:
    """Make hosts for the length of a test, whatever becomes of it.

    Args:
        lab: An empty folder for keys and logs.
        num: How many.
        shared: The folder that they share.
        environment: Variables that every login on a host finds; `{gateway}` in them is the
            address of this machine.
    """
    hosts = Hosts(lab, shared, _make_bridge())
    try:
        for index in range(1, num + 1):
            address = f"{hosts.gateway.rpartition('.')[0]}.{10 + index}"
            hosts.append(Host(hosts.bridge, index, address, hosts.key))
        _write_lab(lab, hosts, environment or {})
        for host in hosts:
            _start(host, lab, hosts)
        for host in hosts:
            _wait_for_sshd(host, lab)
        yield hosts
    finally:
        for host in hosts:
            host.kill()
            for thing in (("link", "delete", host.link), ("netns", "delete", host.name)):
                subprocess.run(["ip", *thing], capture_output=True, check=False)
        _ip("link", "delete", hosts.bridge)


def _make_bridge() -> int:
    """Take the first free network: that the bridge can be made is the proof."""
    for number in NETWORKS:
        with suppress(subprocess.CalledProcessError):
            _ip("link", "add", f"mmer{number}", "type", "bridge")
            _ip("address", "add", f"10.{number}.0.1/24", "dev", f"mmer{number}")
            _ip("link", "set", f"mmer{number}", "up")
            return number
    raise RuntimeError(f"no network 10.N.0.0/24 is free, N of {NETWORKS}")


def _write_lab(lab: Path, hosts: Hosts, environment: Mapping[str, str]) -> None:
    for key in (hosts.key, lab / "host_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    lines = [f"{host.address} {host.name}\n" for host in hosts]
    (lab / "hosts").write_text("127.0.0.1 localhost\n" + "".join(lines))
    variables = " ".join(
        f"{name}={value.format(gateway=hosts.gateway)}" for name, value in environment.items()
    )
    (lab / "sshd_config").write_text(SSHD_CONFIG + (f"SetEnv {variables}\n" if variables else ""))


def _start(host: Host, lab: Path, hosts: Hosts) -> None:
    _ip("netns", "add", host.name)
    _ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.name)
    _ip("link", "set", host.link, "master", hosts.bridge, "up")
    _ip("-n", host.name, "address", "add", f"{host.address}/24", "dev", "eth0")
    for link in ("eth0", "lo"):
        _ip("-n", host.name, "link", "set", link, "up")
    _ip("-n", host.name, "route", "add", "default", "via", hosts.gateway)
    # Should the tests themselves be killed, their hosts go with them.
    inside = ["setpriv", "--pdeathsig", "KILL", "ip", "netns", "exec", host.name]
    alone = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--mount-proc"]
    shared = [str(ROOT), sys.base_prefix, str(hosts.shared)]
    with (lab / f"{host.name}.log").open("wb") as log:
        host.process = subprocess.Popen(
            [*inside, *alone, "--kill-child=KILL", "bash", BECOME_HOST, host.name, lab, *shared],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_for_sshd(host: Host, lab: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with suppress(OSError):
            socket.create_connection((host.address, 22), 1).close()
            return
        time.sleep(0.1)
    log = (lab / f"{host.name}.log").read_text()
    raise RuntimeError(f"host {host.name} has no sshd after {START_S:.0f} s:\n{log}")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
