"""Hosts of this machine in the place of EC2's instances, which a moto server only pretends to run.

Whenever an instance runs, the next free host takes its private address and opens itself to the key
pair that Ray made; whenever one is terminated, its host is killed.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3

from tests.cluster.hosts import Host, Hosts
from tests.running import wait_for

PORT = 5555
REGION = "us-west-2"
ENVIRONMENT = {
    "AWS_ENDPOINT_URL": f"http://{{gateway}}:{PORT}",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",  # nobody answers at its address, for seconds
}
"""In which programs find the stand-in; `{gateway}` is where the hosts see this machine."""


class AwsStandIn:
    """The instances that were asked for, and the hosts that stand in for them."""

    def __init__(self, hosts: Hosts, home: Path) -> None:
        self.hosts_by_instance: dict[str, Host] = {}
        self.failures: list[BaseException] = []
        self._free = list(hosts)
        self._hosts = hosts
        self._home = home
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="aws-stand-in")

    def client(self, service: str) -> Any:
        """Speak to the pretended AWS."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"http://{self._hosts.gateway}:{PORT}",
            aws_access_key_id=ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        )

    def instances(self, *, state: str | None = None, kind: str | None = None) -> list[Any]:
        """List instances: in a state, of a node type of the cluster file."""
        found = [
            instance
            for reservation in self.client("ec2").describe_instances()["Reservations"]
            for instance in reservation["Instances"]
        ]
        return [
            instance
            for instance in found
            if state in (None, instance["State"]["Name"]) and kind in (None, _kind(instance))
        ]

    @contextmanager
    def following(self) -> Iterator[None]:
        """Let hosts follow the instances."""
        self._thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._thread.join(60)

    def _follow(self) -> None:
        try:
            while not self._stopped.wait(0.5):
                running = {found["InstanceId"]: found for found in self.instances(state="running")}
                for name in set(self.hosts_by_instance) - set(running):
                    self.hosts_by_instance.pop(name).kill()
                for name in set(running) - set(self.hosts_by_instance):
                    host = self._free.pop(0)
                    self.hosts_by_instance[name] = host
                    self._move_in(host, running[name]["PrivateIpAddress"])
        except Exception as error:  # told by the test, in whose thread it is of use
            self.failures.append(error)

    def _move_in(self, host: Host, address: str) -> None:
        _ip("-n", host.name, "address", "add", f"{address}/32", "dev", "eth0")
        _ip("route", "replace", f"{address}/32", "via", host.address)
        for other in self._hosts:
            if other is not host:
                with suppress(subprocess.CalledProcessError):  # one that was killed
                    _ip("-n", other.name, "route", "replace", f"{address}/32", "via", host.address)
        for pair in (self._home / ".ssh").glob("*.pem"):
            command = ["ssh-keygen", "-y", "-f", str(pair)]
            public = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            host.run("cat >> ~/.ssh/authorized_keys", input_text=public)


@contextmanager
def running_aws(hosts: Hosts, home: Path, log: Path) -> Iterator[AwsStandIn]:
    """Start a moto server that the hosts reach, with the hosts as its instances."""
    server_program = str(Path(sys.executable).with_name("moto_server"))
    command = ["setpriv", "--pdeathsig", "KILL", server_program, "-H", hosts.gateway]
    with log.open("wb") as output:
        server = subprocess.Popen([*command, "-p", str(PORT)], stdout=output, stderr=output)
    stand_in = AwsStandIn(hosts, home)
    try:
        wait_for(lambda: _answers(hosts.gateway), limit_s=60)
        with stand_in.following():
            yield stand_in
    finally:
        server.kill()
        server.wait(30)


def _answers(address: str) -> bool:
    try:
        socket.create_connection((address, PORT), 1).close()
    except OSError:
        return False
    return True


def _kind(instance: Any) -> str | None:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return tags.get("ray-user-node-type")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
