"""The trials of a study by the code that trained them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reports.ledger.ledger import Ledger
from reports.ledger.planned import Planned
from reports.ledger.record import Record
from search_spaces.errors import StudyError
from search_spaces.trial import Trial, TrialConfig

SHOWN_DIGITS = 12


class UnknownCodeError(StudyError):
    """No trial of a study on a corpus was trained by the code; the message lists the choices."""


def of_code(planned: Planned, code: str, ledger: Ledger) -> Planned:
    """Return a plan of the same rows whose trials some code trained.

    A trial that was trained anew (`--retrain`) has a record for each code. Trials that this code
    did not train are left out.

    Args:
        planned: The study.
        code: The beginning of the code's digest, or of its version as records name it.
        ledger: Where the records are.

    Raises:
        LedgerError: If a record is damaged.
        StudyError: If the code is empty, or several that fit trained a trial.
        UnknownCodeError: If that code trained no trial of the study.
    """
    versions = _versions(planned, ledger)
    every = [one for rows in versions.values() for of_trial in rows for one in of_trial]
    if not code:
        raise StudyError(f"an empty code fits all; choose from {_choices(every)}")
    keys: dict[str, tuple[str, ...]] = {}
    for row, trials in versions.items():
        fitting = [[one for one in of_trial if _fits(one, code)] for of_trial in trials]
        if any(len(found) > 1 for found in fitting):
            raise StudyError(f"code '{code}' names several: {_choices(every)}")
        keys[row] = tuple(one.key for found in fitting for one in found)
    if not any(keys.values()):
        raise UnknownCodeError(
            f"no trial of study '{planned.study.name}' on '{planned.corpus}' was trained by code "
            f"'{code}'; choose from {_choices(every) or 'none: no trial is finished'}"
        )
    return planned.model_copy(update={"keys": keys, "varied": {}})


def _versions(planned: Planned, ledger: Ledger) -> dict[str, list[Sequence[Record]]]:
    """List, for each row and trial, the records of all code that trained it.

    While trials are trained anew, the plan names keys that have no record yet. So trials of the
    row's config are looked for too, from the first seed on, as many as the plan has.
    """
    by_trial: dict[str, list[Record]] = {}
    name_of: dict[str, str] = {}
    for record in ledger.records():
        name_of[record.key] = _without_code(record)
        by_trial.setdefault(name_of[record.key], []).append(record)
    configs = planned.study.configs(planned.family, planned.scale)
    found: dict[str, list[Sequence[Record]]] = {}
    for row, keys in planned.keys.items():
        names = dict.fromkeys(name_of.get(key, key) for key in keys)
        known: dict[str, Sequence[Record]] = {
            name: by_trial[name] for name in names if name in by_trial
        }
        if len(known) < len(keys):
            others = {name: of_one for name, of_one in by_trial.items() if name not in known}
            known |= _of_config(configs[row], planned, others, known, len(keys) - len(known))
        found[row] = list(known.values())
    return found


def _of_config(
    config: TrialConfig,
    planned: Planned,
    others: Mapping[str, Sequence[Record]],
    known: Mapping[str, Sequence[Record]],
    number: int,
) -> dict[str, Sequence[Record]]:
    """Find the first trials of a config that have another seed or fold than those known.

    A seed and fold that several have, such as with other pretrained weights, is left out.
    """
    taken = {_place(records[0].trial) for records in known.values()}
    found: dict[tuple[int, int], list[str]] = {}
    for name, (record, *_) in others.items():
        trial = record.trial
        if _is_of(trial, planned) and _place(trial) not in taken:
            given = trial.model_copy(update={"config": config, "code": ""})
            if Trial(**dict(given)).key == name:
                found.setdefault(_place(trial), []).append(name)
    clear = [names[0] for _, names in sorted(found.items()) if len(names) == 1]
    return {name: others[name] for name in clear[:number]}


def _is_of(trial: Trial, planned: Planned) -> bool:
    """Whether a trial reads the corpus of a plan, and varies no random stream."""
    prepared = planned.fingerprints or (trial.corpus.fingerprint,)
    is_of_corpus = trial.corpus.name == planned.corpus and trial.corpus.fingerprint in prepared
    return is_of_corpus and bool(trial.corpus.fold) == bool(planned.num_folds) and not trial.streams


def _place(trial: Trial) -> tuple[int, int]:
    return trial.seed, trial.corpus.fold.number if trial.corpus.fold else 0


def _without_code(record: Record) -> str:
    """Return the key that a trial had when it was trained first."""
    trial = record.trial
    if not trial.code:
        return record.key
    return Trial(
        config=trial.config,
        corpus=trial.corpus,
        seed=trial.seed,
        weights=trial.weights,
        streams=trial.streams,
    ).key


def _fits(record: Record, code: str) -> bool:
    one = record.circumstances
    return (one.code_digest or "").startswith(code) or one.code_version.startswith(code)


def _choices(records: Sequence[Record]) -> str:
    return ", ".join(_described(records))


def _described(records: Sequence[Record]) -> Iterator[str]:
    counted = Counter(
        (one.circumstances.code_digest or "", one.circumstances.code_version) for one in records
    )
    for (digest, version), number in counted.most_common():
        name = digest[:SHOWN_DIGITS] or version
        yield f"{name} (version {version}, {number} trial{'' if number == 1 else 's'})"
