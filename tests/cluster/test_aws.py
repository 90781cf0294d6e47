"""`cluster.yaml` as it is shipped, launched at a stand-in for AWS: hosts are its instances."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.ledger.ledger import RECORD_FILE
from reports.ledger.record import Record
from reports.ledger.record_file import parse_record
from tests.cluster.aws_stand_in import ENVIRONMENT, AwsStandIn, running_aws
from tests.cluster.hosts import ROOT, Hosts, running_hosts
from tests.cluster.laptop import LINK_ENVIRONMENT, Laptop
from tests.running import NUM_TRIALS, results, wait_for

pytestmark = pytest.mark.slow

NUM_WORKERS = 2
SSH_FROM = "203.0.113.7/32"
BUCKET = "lab-bucket"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, alone: Path) -> Iterator[Hosts]:
    """Make hosts for a head and two workers; they share clips, which are not prepared."""
    shared = tmp_path_factory.mktemp("shared")
    shutil.copytree(alone / "clips", shared / "clips")
    shutil.copy(alone / "small.py", shared)
    lab = tmp_path_factory.mktemp("lab")
    with running_hosts(lab, 1 + NUM_WORKERS, shared=shared, environment=ENVIRONMENT) as made:
        yield made


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory, hosts: Hosts) -> Laptop:
    found = {name: value.format(gateway=hosts.gateway) for name, value in ENVIRONMENT.items()}
    return Laptop(tmp_path_factory.mktemp("laptop"), found)


@pytest.fixture(scope="module")
def aws(
    tmp_path_factory: pytest.TempPathFactory, hosts: Hosts, laptop: Laptop
) -> Iterator[AwsStandIn]:
    """Make what the account needs, once, by the shipped template."""
    with running_aws(hosts, laptop.home, tmp_path_factory.mktemp("moto") / "log") as stand_in:
        names = {"Bucket": BUCKET, "SshFrom": SSH_FROM}
        stand_in.client("cloudformation").create_stack(
            StackName="mmer-sweep",
            TemplateBody=(ROOT / "clusters" / "aws-account.yaml").read_text(encoding="utf-8"),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in names.items()
            ],
        )
        yield stand_in


@pytest.fixture(scope="module")
def image(aws: AwsStandIn) -> str:
    """Name an image that the stand-in knows."""
    return str(aws.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"])


@pytest.fixture(scope="module")
def group(aws: AwsStandIn) -> str:
    """Name the security group that the template made."""
    (stack,) = aws.client("cloudformation").describe_stacks(StackName="mmer-sweep")["Stacks"]
    (output,) = stack["Outputs"]
    return str(output["OutputValue"])


@pytest.fixture(scope="module", autouse=True)
def _cluster(aws: AwsStandIn, image: str, group: str, laptop: Laptop) -> None:
    """Fill in what a user fills in, replace what hosts are not, and bring the head up."""
    text = (ROOT / "cluster.yaml").read_text(encoding="utf-8")
    for blank, filled in (("ami-FILL-IN", image), ("sg-FILL-IN", group), ("FILL-IN", BUCKET)):
        text = text.replace(blank, filled)
    shipped = yaml.safe_load(text)
    assert shipped["setup_commands"][0].startswith("make --quiet")
    laptop.write_cluster_file(
        shipped
        | {
            "provider": shipped["provider"] | {"use_internal_ips": True},  # there are no others
            "auth": {"ssh_user": "root"},
            "max_workers": NUM_WORKERS,
            "idle_timeout_minutes": 0.3,
            "initialization_commands": [],  # cloud-init and apt
            "setup_commands": [LINK_ENVIRONMENT, *shipped["setup_commands"][1:]],
            "worker_setup_commands": [],  # tries the GPU, which exists by name only
        }
    )
    laptop.up()


def test_only_a_head_on_demand_is_launched_at_first(aws: AwsStandIn, image: str) -> None:
    (head,) = aws.instances(state="running")
    assert aws.instances(kind="head") == [head]
    assert head["ImageId"] == image
    assert "InstanceLifecycle" not in head
    assert head["IamInstanceProfile"]["Arn"].endswith("/mmer-sweep-head")


def test_template_is_one_that_cloudformation_takes() -> None:
    """It refuses aliases, which the stand-in takes."""
    text = (ROOT / "clusters" / "aws-account.yaml").read_text(encoding="utf-8")
    assert not [event for event in yaml.parse(text) if isinstance(event, yaml.AliasEvent)]


def test_nothing_but_ssh_is_open_to_the_outside(aws: AwsStandIn, group: str) -> None:
    (head,) = aws.instances(kind="head")
    assert [one["GroupId"] for one in head["SecurityGroups"]] == [group]
    (described,) = aws.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    outside = [rule for rule in described["IpPermissions"] if not rule["UserIdGroupPairs"]]
    assert [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in outside] == [
        ("tcp", 22, 22)
    ]
    assert [source["CidrIp"] for rule in outside for source in rule["IpRanges"]] == [SSH_FROM]
    within = [rule for rule in described["IpPermissions"] if rule["UserIdGroupPairs"]]
    assert {pair["GroupId"] for rule in within for pair in rule["UserIdGroupPairs"]} == {group}


def test_sweep_brings_up_spot_workers_which_train_into_the_bucket(
    aws: AwsStandIn, image: str, laptop: Laptop, hosts: Hosts, alone: Path
) -> None:
    clips = f"--source {hosts.shared}/clips --name mine --recipe le"
    laptop.run(f"mmer-sweep prepare clips {clips}")
    # Not measured: stand-ins are said to have GPUs, which PyTorch would be asked about.
    options = "--corpus mine --address auto --no-measure"
    laptop.run(f"mmer-sweep run {hosts.shared}/small.py {options}", limit_s=500)
    assert not aws.failures
    workers = aws.instances(kind="gpu")
    assert 0 < len(workers) <= NUM_WORKERS
    for worker in workers:
        assert worker["InstanceLifecycle"] == "spot"
        assert worker["ImageId"] == image
        assert worker["IamInstanceProfile"]["Arn"].endswith("/mmer-sweep-worker")
    trained = records_in_bucket(aws)
    assert len(trained) == NUM_TRIALS
    assert {record.key: record.result for record in trained} == results(alone / "storage")


def test_idle_workers_are_given_back(aws: AwsStandIn) -> None:
    wait_for(lambda: not aws.instances(kind="gpu", state="running"), limit_s=120)
    assert aws.instances(kind="head", state="running")


def test_down_ends_all(aws: AwsStandIn, laptop: Laptop) -> None:
    laptop.down()
    assert {instance["State"]["Name"] for instance in aws.instances()} == {"terminated"}
    assert not aws.failures


def records_in_bucket(aws: AwsStandIn) -> list[Record]:
    client: Any = aws.client("s3")
    listed = client.list_objects_v2(Bucket=BUCKET, Prefix="sweeps/trials/")["Contents"]
    return [
        parse_record(
            client.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read(),
            found["Key"].split("/")[-2],
        )
        for found in listed
        if found["Key"].endswith(f"/{RECORD_FILE}")
    ]
