"""All runs of one MLflow by key, one for each key, and the drivers that work on them."""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from orchestrator.storage.driver import this_driver
from orchestrator.tracking.client import Client, Run
from orchestrator.tracking.content import CANDIDATE, REPEAT, RUN_NAME, SEARCH, STUDY, TRIAL, Point
from orchestrator.tracking.orphans import (
    DRIVER,
    HEARTBEAT,
    is_alive,
    is_orphan,
    read_heartbeats,
)
from reports.ledger.locks import locked

PARENT = "mlflow.parentRunId"
"""MLflow's own tag for the parent of a run."""


class RunIndex:
    """Runs by key, as last read from MLflow and changed by this driver since then."""

    def __init__(self, client: Client, lock: Path) -> None:
        self.client = client
        self._lock = lock
        self._driver = this_driver()
        self._name = f"{self._driver} {secrets.token_hex(4)}"
        self._is_new, self._knows_all = True, False
        self.read()

    def read(self) -> None:
        """Read all runs; if a key has several, keep one."""
        found = [run for run in self.client.runs() if "key" in run.tags]
        self._heartbeats = read_heartbeats(found)
        self._runs: dict[str, Run] = {}
        doubles: list[tuple[Run, Run]] = []
        for run in found:
            before = self._runs.setdefault(run.tags["key"], run)
            if before is not run:
                kept, other = _choose(before, run)
                self._runs[kept.tags["key"]] = kept
                doubles.append((kept, other))
        for kept, other in doubles:
            self._replace(other, kept)

    def find(self, key: str) -> Run | None:
        """Return the run of a key, if it was known at the last read."""
        return self._runs.get(key)

    def find_or_create(
        self, key: str, name: str, tags: Mapping[str, str], *, began_here: bool = False
    ) -> Run:
        """Return the run of a key; a new one is ours and has the status RUNNING.

        This asks MLflow for the key, under a lock. It skips that only if nobody else can have
        created the run: the trial `began_here`, and no other driver creates runs.

        Storage folders that share a bucket share no lock. So another driver may create a run after
        we have read all runs: it had read the last creator just before we set it. If its trial
        began there, we ask for the key. If the trial began here, the other driver reads the last
        creator again after creating, and sets itself; then we also ask for the key.
        """
        if key not in self._runs:
            with locked(self._lock):
                is_new = self._come_before_others() and began_here
                found = [] if is_new else self.client.runs(f"tags.key = '{key}'")
                if key not in self._runs:
                    mine = {**tags, "key": key, DRIVER: self._driver}
                    self._runs[key] = found[0] if found else self.client.create(name, mine)
                if not began_here:
                    self._come_before_others()
        return self._runs[key]

    def _come_before_others(self) -> bool:
        """Make us the last creator, and return whether we know all runs that others created.

        MLflow searches all runs to find one by its key, but returns the last creator at once. A
        driver that is not the last creator first sets itself, then creates runs. So we know all
        runs as long as the last creator has not changed since we read them.
        """
        last = self.client.last_creator()
        if last == self._name:
            return self._knows_all
        self.client.be_last_creator(self._name)
        is_new, self._is_new, self._knows_all = self._is_new, False, False
        # MLflow may still handle requests that timed out for an earlier index of this driver.
        if is_new and not last.startswith(self._driver):
            self.read()
            self._knows_all = self.client.last_creator() == self._name
            if not self._knows_all:
                self.client.be_last_creator(self._name)
        return self._knows_all

    def refresh(self, run: Run) -> Run:
        """Read a run again: another driver may have continued it."""
        found = self.client.runs(f"tags.key = '{run.tags['key']}'")
        return self._keep(next((one for one in found if one.id == run.id), run))

    def rename(self, run: Run, name: str) -> Run:
        """Give a run another name."""
        self.client.rename(run, name)
        return self._keep(replace(run, tags={**run.tags, RUN_NAME: name}))

    def take_over(self, run: Run, beat: bool = False) -> Run:
        """Set a run to RUNNING as ours; `beat` adds a heartbeat, for a parent."""
        if run.status != "RUNNING":
            self.client.resume(run)
        tags = {DRIVER: self._driver}
        if beat:
            tags[HEARTBEAT + self._driver] = f"{time.time():.0f}"
        self.client.log(run, tags=tags)
        return self._keep(replace(run, status="RUNNING", tags={**run.tags, **tags}))

    def end(self, run: Run, status: str) -> Run:
        """End a run."""
        self.client.end(run, status)
        return self._keep(replace(run, status=status))

    def log_tags(self, run: Run, tags: Mapping[str, str]) -> Run:
        """Set the tags that a run does not have yet."""
        new = {name: text for name, text in tags.items() if run.tags.get(name) != text}
        if new:
            self.client.log(run, tags=new)
        return self._keep(replace(run, tags={**run.tags, **new}))

    def log(
        self,
        run: Run,
        *,
        points: Sequence[Point] = (),
        params: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> Run:
        """Log points and the params that a run does not have yet, then the tags.

        A param never changes.
        """
        new = {name: text for name, text in params.items() if name not in run.params}
        self.client.log(run, points=points, params=new, tags=tags)
        return self._keep(replace(run, params={**run.params, **new}, tags={**run.tags, **tags}))

    def drop_tags(self, run: Run, *names: str) -> Run:
        """Remove those tags that a run has."""
        for name in set(names) & set(run.tags):
            self.client.drop_tag(run, name)
        left = {name: text for name, text in run.tags.items() if name not in names}
        return self._keep(replace(run, tags=left))

    def is_mine(self, run: Run) -> bool:
        """Whether a run is ours and has the status RUNNING."""
        return run.status == "RUNNING" and run.tags.get(DRIVER) == self._driver

    def is_anothers(self, run: Run) -> bool:
        """Whether another driver that is alive works on a run."""
        if run.status != "RUNNING" or self.is_mine(run):
            return False
        if self._is_orphan(run):  # or its driver is newer than our last read
            parents = (self.client.runs(f"tags.kind = '{kind}'") for kind in (STUDY, SEARCH))
            self._heartbeats = read_heartbeats(chain.from_iterable(parents))
        return not self._is_orphan(run)

    def is_shared(self, run: Run) -> bool:
        """Whether another driver that is alive works on a study or a search."""
        drivers = {name.removeprefix(HEARTBEAT) for name in run.tags if name.startswith(HEARTBEAT)}
        return any(
            is_alive(driver, self._heartbeats, time.time()) for driver in drivers - {self._driver}
        )

    def orphans(self) -> dict[str, Run]:
        """List the runs with the status RUNNING on which no driver works, by key."""
        return {key: run for key, run in self._runs.items() if self._is_orphan(run)}

    def my_trials(self) -> list[Run]:
        """List the runs of trials and candidates that are ours and have the status RUNNING."""
        kinds = (TRIAL, CANDIDATE, REPEAT)
        runs = (run for run in self._runs.values() if run.tags.get("kind") in kinds)
        return [run for run in runs if self.is_mine(run)]

    def _is_orphan(self, run: Run) -> bool:
        return is_orphan(run, self._heartbeats, time.time())

    def _replace(self, double: Run, kept: Run) -> None:
        """Delete the duplicate of a run, unless a driver works on it; move its children.

        Duplicates arise if two storage folders are mirrored at the same moment, or if MLflow
        handles a request but its answer is lost.
        """
        if self.is_anothers(double):
            return
        for run in list(self._runs.values()):
            if run.tags.get(PARENT) == double.id:
                self.log_tags(run, {PARENT: kept.id})
        self.client.delete(double)

    def _keep(self, run: Run) -> Run:
        self._runs[run.tags["key"]] = run
        return run


def _choose(older: Run, newer: Run) -> tuple[Run, Run]:
    """Choose which of two runs of a key to keep: the finished one, else the older one."""
    if newer.status == "FINISHED" != older.status:
        return newer, older
    return older, newer
