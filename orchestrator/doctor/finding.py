"""What a check finds, and what it is to look at."""

from dataclasses import dataclass
from typing import Literal

from orchestrator.cluster.machines import Device
from orchestrator.facts import Facts
from search_spaces.terms import Scale

Level = Literal["ok", "note", "problem"]


class Finding(Facts):
    """One thing that was looked at."""

    subject: str
    """What was looked at, in a word, such as `storage`."""
    level: Level
    """`problem` stops a sweep with these settings; `note` is worth knowing; else `ok`."""
    text: str
    """What was found."""
    advice: str = ""
    """What to do; empty if there is nothing to do."""


@dataclass(frozen=True)
class Wanted:
    """With which settings a sweep would start.

    `storage` is as the user gave it: a folder, or the address of a bucket.
    `is_mlflow_unconfirmed` says that the tracking URI comes from the file of the project alone.
    """

    storage: str
    corpus: str
    scale: Scale | None
    device: Device
    address: str | None
    tracking_uri: str | None
    is_mlflow_unconfirmed: bool = False
