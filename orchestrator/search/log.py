"""The state of a search: its candidates in Optuna's journal, by their numbers.

A candidate stays open until its end is logged, even if processes die meanwhile. A failed candidate
also stays open: the next command tries it again.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import JournalStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from orchestrator.search.journal.journal import Journal
from orchestrator.search.sampling import choose_by, make_sampler
from reports.ledger.search_result import (
    Candidate,
    CandidateState,
    Objective,
    ObjectiveName,
    SamplerName,
)
from search_spaces.errors import StudyError
from search_spaces.space import Point, Space
from search_spaces.terms import Scale

READ_ON_TEST = "read_on_test"
"""The attribute that names the candidates whose test scores the search has read."""

STATES: Mapping[TrialState, CandidateState] = {
    TrialState.COMPLETE: "finished",
    TrialState.PRUNED: "stopped",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
}


class Asked(NamedTuple):
    """A candidate: its number, counted from 0, and its point of the space."""

    number: int
    point: Point


class SearchLog:
    """The candidates of one search; several processes may use it at once, one thread in each.

    Every method raises OSError while the journal cannot be read or written.
    """

    def __init__(
        self,
        journal: Journal,
        space: Space,
        scale: Scale,
        objectives: Sequence[Objective],
        *,
        identity: str,
        seed: int,
        sampler: SamplerName = "tpe",
    ) -> None:
        """Open a search, or start it.

        Args:
            journal: Where the search is kept.
            space: The space to search.
            scale: The sizes of the models.
            objectives: What to optimise.
            identity: Everything that scores depend on and that the journal's name does not say.
            seed: The seed of the sampler.
            sampler: What draws the candidates.

        Raises:
            StudyError: If the journal is that of a search of another identity.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._scale = space, scale
        self._sampler, self._seed = sampler, seed
        self._objectives = tuple(objectives)
        self._journal, self._storage = journal, journal.storage
        digest = hashlib.sha256(identity.encode()).hexdigest()
        journal.alone(partial(self._begin, digest))
        self.study = self._study_in(self._storage)
        self.id = str(self.study.user_attrs["id"])
        self._study_id = self._storage.get_study_id_from_name(journal.name)
        self._ids: dict[int, int] = {}

    def ask(self, num_candidates: int) -> Asked | None:
        """Ask for a new candidate; None if there are `num_candidates` already.

        A candidate that a killed process had not finished asking for comes first.
        """
        return self._journal.alone(partial(self._ask, num_candidates))

    def open_candidates(self) -> list[Asked]:
        """List the candidates whose end is not logged."""
        points = {t.number: self._point(t) for t in self._trials() if _is_open(t)}
        return [Asked(number, point) for number, point in points.items() if point]

    def is_complete(self, num_candidates: int) -> bool:
        """Whether there are `num_candidates`, and the end of each is logged."""
        trials = self._trials()
        return len(trials) >= num_candidates and not any(map(_is_open, trials))

    def is_open(self, number: int) -> bool:
        """Whether the end of a candidate is not logged yet."""
        return _is_open(self._trials()[number])

    def note_f1(self, number: int, f1: Mapping[int, float]) -> None:
        """Note the validation F1 of a candidate, by the number of epochs."""
        self._note(number, f1={str(num_epochs): score for num_epochs, score in f1.items()})

    def note_from_ledger(self, number: int) -> None:
        """Note that a candidate's trial was finished before the search asked for the candidate."""
        self._note(number, from_ledger=True)

    def note_failure(self, number: int, reason: str) -> None:
        """Note why a candidate failed; it stays open."""
        self._note(number, failure=reason)

    def finish(self, number: int, scores: Mapping[ObjectiveName, float]) -> None:
        """Log the scores of a candidate."""
        values = [scores[objective.name] for objective in self._objectives]
        self._tell(number, values)

    def stop(self, number: int, f1: Mapping[int, float]) -> None:
        """Log that a candidate was stopped early, with its F1 by the number of epochs."""
        self.note_f1(number, f1)
        if len(self._objectives) == 1:  # with several, Optuna takes only final scores
            with suppress(UpdateFinishedTrialError):
                num_epochs = max(f1)
                self._storage.set_trial_intermediate_value(
                    self._id(number), num_epochs, f1[num_epochs]
                )
        self._tell(number, state=TrialState.PRUNED)

    def reject(self, number: int, reason: str) -> None:
        """Log that a candidate can never give a score."""
        self.note_failure(number, reason)
        self._tell(number, state=TrialState.FAIL)

    def note_read(self, number: int) -> list[int]:
        """Note that the search reads the test split of a candidate; return those it read before."""
        return self._journal.alone(partial(self._note_read, number))

    def candidates(self, key_of: Callable[[Point], str]) -> list[Candidate]:
        """List all candidates with the keys of their trials."""
        trials = self._trials()
        best = self._best(trials)
        return [
            self._candidate(trial, point, key_of(point), trial.number in best)
            for trial in trials
            if (point := self._point(trial))
        ]

    def _begin(self, identity: str, storage: JournalStorage) -> None:
        """Begin the search, unless it was begun; make sure that it is this one."""
        study = self._study_in(storage)
        if study.user_attrs.get("identity", identity) != identity:
            raise StudyError(
                f"search '{self._journal.place}' was started with another space "
                f"'{self._space.name}', other baselines or another preparation of the corpus, so "
                "its scores cannot be used here; give the space another name, or move that folder "
                "away"
            )
        own = {"identity": identity, "id": secrets.token_hex(8)}
        for name in own.keys() - study.user_attrs.keys():
            study.set_user_attr(name, own[name])

    def _note_read(self, number: int, storage: JournalStorage) -> list[int]:
        study = self._study_in(storage)
        read: list[int] = study.user_attrs.get(READ_ON_TEST, [])
        if number not in read:
            study.set_user_attr(READ_ON_TEST, [*read, number])
        return [other for other in read if other != number]

    def _study_in(self, storage: JournalStorage) -> Study:
        name = self._journal.name  # Optuna's default joins all searches of a journal
        if name in optuna.get_all_study_names(storage):
            return optuna.load_study(storage=storage, study_name=name)
        return optuna.create_study(
            storage=storage,
            study_name=name,
            directions=["maximize" if one.is_maximised else "minimize" for one in self._objectives],
        )

    def _ask(self, num_candidates: int, storage: JournalStorage) -> Asked | None:
        study = self._study_in(storage)
        trials = study.get_trials(deepcopy=False)
        begun = next((t.number for t in trials if _is_open(t) and not self._point(t)), None)
        if begun is None and len(trials) >= num_candidates:
            return None
        number = len(trials) if begun is None else begun
        study.sampler = make_sampler(self._sampler, self._seed, number)
        trial = study.ask() if begun is None else Trial(study, self._id(begun))
        return Asked(number, self._space.draw(self._scale, choose_by(trial)))

    def _tell(
        self,
        number: int,
        values: Sequence[float] | None = None,
        state: TrialState | None = None,
    ) -> None:
        """Log the end of a candidate, unless some process has, even while this one tells it."""
        with suppress(UpdateFinishedTrialError):
            self.study.tell(number, values, state, skip_if_finished=True)

    def _note(self, number: int, **facts: object) -> None:
        """Add facts about a candidate, unless some process has logged its end."""
        with suppress(UpdateFinishedTrialError):
            for name, fact in facts.items():
                self._storage.set_trial_user_attr(self._id(number), name, fact)

    def _candidate(self, trial: FrozenTrial, point: Point, key: str, is_best: bool) -> Candidate:
        facts, state, f1 = trial.user_attrs, STATES[trial.state], _f1(trial)
        failure = facts.get("failure", "")
        names = [objective.name for objective in self._objectives]
        is_tried_again = bool(failure) and state == "running"
        return Candidate(
            number=trial.number,
            system=point.system,
            values=point.values,
            change=point.change,
            state="failed" if is_tried_again else state,
            key=key,
            scores=dict(zip(names, trial.values, strict=True)) if state == "finished" else {},
            num_epochs=max(f1, default=0),
            last_f1=f1[max(f1)] if state == "stopped" else None,
            valid_f1=f1,
            is_best=is_best,
            from_ledger=facts.get("from_ledger", False),
            failure=failure if state != "finished" else "",
            is_tried_again=is_tried_again,
        )

    def _best(self, trials: Sequence[FrozenTrial]) -> set[int]:
        """Return the numbers of the Pareto front, or of the best one; the first of equal points."""
        if not any(trial.state == TrialState.COMPLETE for trial in trials):
            return set()
        if len(self._objectives) == 1:
            return {self.study.best_trial.number}
        front = sorted(self.study.best_trials, key=lambda trial: -trial.number)
        return set({str(trial.params): trial.number for trial in front}.values())

    def _trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _id(self, number: int) -> int:
        if number not in self._ids:
            self._ids[number] = self._storage.get_trial_id_from_study_id_trial_number(
                self._study_id, number
            )
        return self._ids[number]

    def _point(self, trial: FrozenTrial) -> Point | None:
        """Return the point of a candidate; None if a killed process left it incomplete."""
        try:
            return self._space.draw(self._scale, lambda field: trial.params[field.name])
        except KeyError:
            return None


def _f1(trial: FrozenTrial) -> dict[int, float]:
    return {int(num_epochs): f1 for num_epochs, f1 in trial.user_attrs.get("f1", {}).items()}


def _is_open(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.RUNNING
