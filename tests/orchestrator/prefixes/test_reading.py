"""Trials that read stored maps of a frozen prefix, from start to record."""

import errno
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from corpora.batches.map_column import MapColumn
from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import XIA
from corpora.store.manifest import Manifest
from models.configs.xia import XiaConfig
from models.weights.find import weights_sha256
from orchestrator.forecast.probe_trial import probe_trial
from orchestrator.prefixes import make as making
from orchestrator.prefixes.arithmetic import Arithmetic
from orchestrator.prefixes.plan import prefix_of
from orchestrator.prefixes.store import DESCRIPTION_FILE, FOLDER
from orchestrator.trial.conditions import Conditions, TrialHooks
from orchestrator.trial.run import open_corpus_of, run_trial
from reports.ledger.ledger import PREDICTIONS_FILE, Ledger
from reports.ledger.record import Epoch, Record
from search_spaces.change import apply_change
from search_spaces.systems.xia import XIA as BASELINES
from search_spaces.trial import CorpusRef, FoldRef, Trial, TrialConfig
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.models.checkpoints import draw_resnet, with_conv, write_conv
from tests.models.xia_factory import change
from tests.orchestrator.factories import TRAINED_FOR

CPU = torch.device("cpu")
ROWS: dict[str, dict[str, Any]] = {
    "mer": {"model.vision.sem_after": [], "model.audio.sem_after": []},
    "sem": {},
    "fer": {
        "model.modalities": ["vision"],
        "model.cross": {"kind": "independent"},
        "model.vision.sem_after": [],
    },
}


@pytest.fixture(scope="module")
def prepared_faces(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    """Prepare a small corpus with three candidate faces a window."""
    storage = tmp_path_factory.mktemp("faces")
    source = read_clips(write_clip_folder(storage / "clips", clip_lines(per_split=5)))
    return storage, prepare(source, [XIA], name="faces", storage=storage)[XIA.name]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> XiaConfig:
    folder = write_conv(tmp_path_factory.mktemp("checkpoints"))
    config = with_conv(folder / "resnet18.pth", folder / "vggish.pth")
    vision = config.vision.model_copy(update={"face_px": XIA.face_px, "pool": (2, 2)})
    return change(config, vision=vision)


@pytest.fixture
def storage(prepared_faces: tuple[Path, Manifest], tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "storage"
    folder.mkdir()
    (folder / "corpora").symlink_to(prepared_faces[0] / "corpora")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def trial(prepared_faces: tuple[Path, Manifest], checkpoints: XiaConfig) -> Trial:
    return trial_of(checkpoints, prepared_faces[1], "sem")


def trial_of(model: XiaConfig, manifest: Manifest, row: str, **training: object) -> Trial:
    settings = BASELINES["tiny"]["*"].training.model_dump() | {
        "max_epochs": 3,
        "patience": None,
        "batch_size": 3,
        **training,
    }
    plain = TrialConfig.model_validate({"model": model.model_dump(), "training": settings})
    config = apply_change(plain, ROWS[row])
    reference = CorpusRef(name="faces", recipe="xia", fingerprint=manifest.fingerprint)
    return Trial(config=config, corpus=reference, seed=0, weights=weights_sha256(config.model))


def run(trial: Trial, storage: Path, **hooks: Any) -> Record:
    return run_trial(trial, storage, trained_for=TRAINED_FOR, hooks=TrialHooks(**hooks))


def run_on_pictures(trial: Trial, storage: Path) -> Record:
    return run_trial(
        trial,
        storage,
        trained_for=TRAINED_FOR,
        open_other_corpus=partial(open_corpus_of, trial, storage, CPU),
    )


def beside(storage: Path, tmp_path: Path) -> Path:
    """Make another storage folder with the same corpus."""
    other = tmp_path / "beside"
    other.mkdir()
    (other / "corpora").symlink_to((storage / "corpora").resolve())
    return other


class KilledHereError(BaseException):
    """Stands for a signal that ends the process."""


def noted(
    monkeypatch: pytest.MonkeyPatch, *, killed_after: int | None = None
) -> list[tuple[Any, ...]]:
    """Return a list that grows by each utterance whose maps are made: split and number."""
    made: list[tuple[Any, ...]] = []
    make = making._maps

    def noting(*of: Any) -> list[bytes]:
        if len(made) == killed_after:
            raise KilledHereError
        made.append(of[1:])
        return make(*of)

    monkeypatch.setattr(making, "_maps", noting)
    return made


def maps_in(storage: Path) -> list[Path]:
    return [path.parent for path in (storage / FOLDER).glob(f"*/{DESCRIPTION_FILE}")]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("row", ROWS)
def test_trial_on_maps_equals_one_on_pictures_bit_for_bit(
    prepared_faces: tuple[Path, Manifest],
    checkpoints: XiaConfig,
    storage: Path,
    tmp_path: Path,
    row: str,
    precision: str,
) -> None:
    trial = trial_of(checkpoints, prepared_faces[1], row, precision=precision)
    other = beside(storage, tmp_path)
    on_maps, on_pictures = run(trial, storage), run_on_pictures(trial, other)
    assert maps_in(storage)
    assert not (other / FOLDER).exists()
    assert on_maps.result == on_pictures.result
    assert on_maps.key == on_pictures.key
    files = [Ledger(folder).folder(trial.key) / PREDICTIONS_FILE for folder in (storage, other)]
    assert files[0].read_bytes() == files[1].read_bytes()
    models = [
        Ledger(folder).model_file(record)
        for folder, record in ((storage, on_maps), (other, on_pictures))
    ]
    assert models[0] is not None
    assert models[1] is not None
    assert models[0].read_bytes() == models[1].read_bytes()


def test_rows_of_equal_prefix_share_their_maps(
    prepared_faces: tuple[Path, Manifest],
    checkpoints: XiaConfig,
    storage: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = noted(monkeypatch)
    for row in ROWS:
        run(trial_of(checkpoints, prepared_faces[1], row), storage)
    assert len(made) == len(set(made)) == 15  # each utterance once
    assert len(maps_in(storage)) == 1


def test_maps_of_other_weights_lie_elsewhere(
    prepared_faces: tuple[Path, Manifest],
    checkpoints: XiaConfig,
    trial: Trial,
    storage: Path,
    tmp_path: Path,
) -> None:
    weights = {name: 2 * value for name, value in draw_resnet().items()}
    torch.save(weights, tmp_path / "other.pth")
    vision = checkpoints.vision.model_copy(update={"weights": str(tmp_path / "other.pth")})
    other = trial_of(change(checkpoints, vision=vision), prepared_faces[1], "sem")
    run(trial, storage)
    run(other, storage)
    assert len(maps_in(storage)) == 2


def test_sem_inside_the_frozen_groups_has_maps_of_the_groups_before(
    prepared_faces: tuple[Path, Manifest], checkpoints: XiaConfig, trial: Trial, storage: Path
) -> None:
    early = apply_change(trial.config, {"model.vision.sem_after": ["conv2", "conv3"]})
    corpus = open_corpus_of(trial, storage, CPU)
    whole = prefix_of(trial, corpus, Arithmetic(CPU, "fp32"))
    part = prefix_of(trial.model_copy(update={"config": early}), corpus, Arithmetic(CPU, "fp32"))
    assert whole is not None
    assert part is not None
    assert (whole.shape, part.shape) == ((4, 14, 14), (2, 28, 28))
    assert whole.key != part.key


def test_arithmetic_is_part_of_the_name(trial: Trial, storage: Path) -> None:
    corpus = open_corpus_of(trial, storage, CPU)
    hows = (
        Arithmetic(CPU, "fp32"),
        Arithmetic(CPU, "bf16"),
        Arithmetic(CPU, "fp32", num_threads=2),
        Arithmetic(CPU, "fp32", is_deterministic=True),
    )
    prefixes = [prefix_of(trial, corpus, how) for how in hows]
    assert len({prefix.key for prefix in prefixes if prefix is not None}) == 4


def test_fold_has_no_maps(trial: Trial, storage: Path) -> None:
    corpus = open_corpus_of(trial, storage, CPU)
    fold = FoldRef(number=1, count=3, name="1", digest="d1")
    folded = trial.corpus.model_copy(update={"fold": fold})
    assert prefix_of(trial, corpus, Arithmetic(CPU, "fp32")) is not None
    on_fold = trial.model_copy(update={"corpus": folded})
    assert prefix_of(on_fold, corpus, Arithmetic(CPU, "fp32")) is None


def test_trial_without_frozen_groups_stores_nothing(
    prepared_faces: tuple[Path, Manifest], trial: Trial, storage: Path
) -> None:
    learns = apply_change(trial.config, {"model.vision.frozen": []})
    record = run(trial.model_copy(update={"config": learns}), storage)
    assert record.result.epochs
    assert not (storage / FOLDER).exists()


def test_interrupted_making_goes_on_and_gives_the_same_maps(
    trial: Trial, storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = beside(storage, tmp_path)
    run(trial, whole)
    monkeypatch.setattr(making, "SAFE_BYTES", 1)
    with monkeypatch.context() as patch:
        first_made = noted(patch, killed_after=7)
        with pytest.raises(KilledHereError):
            run(trial, storage)
    assert not maps_in(storage)
    then_made = noted(monkeypatch)
    run(trial, storage)
    assert len(first_made) == 7
    assert len({*first_made, *then_made}) == len(first_made) + len(then_made) == 15
    (first,), (second,) = maps_in(whole), maps_in(storage)
    assert {path.name for path in second.iterdir()} == {path.name for path in first.iterdir()}
    assert all((first / path.name).read_bytes() == path.read_bytes() for path in second.iterdir())


def test_trial_whose_maps_do_not_fit_says_so_and_computes_them_itself(
    trial: Trial, storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = beside(storage, tmp_path)
    expected = run_on_pictures(trial, other)

    def full(*of: Any) -> list[bytes]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(making, "_maps", full)
    troubles: list[str] = []
    record = run(trial, storage, trouble=troubles.append)
    assert record.result == expected.result
    assert troubles[0].startswith("computes the maps of the frozen groups of ")
    assert troubles[1:] == [
        "the maps of the frozen groups could not be stored: No space left on device; the trial "
        "computes them anew in each epoch"
    ]


class InterruptedHereError(Exception):
    """Stands for what ends a training."""


def test_trial_goes_on_from_its_checkpoint_with_maps_or_without(
    trial: Trial, storage: Path, tmp_path: Path
) -> None:
    def interrupt(epoch: Epoch) -> None:
        if epoch.epoch == 0:
            raise InterruptedHereError

    with pytest.raises(InterruptedHereError):
        run(trial, storage, epoch_done=interrupt)
    resumed = run_on_pictures(trial, storage)
    whole = beside(storage, tmp_path)
    assert resumed.circumstances.resumed_from_epochs == (1,)
    assert resumed.result == run(trial, whole).result


def test_trial_in_micro_batches_reads_maps_too(trial: Trial, storage: Path, tmp_path: Path) -> None:
    conditions = Conditions(micro_batch_size=1)
    other = beside(storage, tmp_path)
    on_maps = run_trial(trial, storage, trained_for=TRAINED_FOR, conditions=conditions)
    on_pictures = run_trial(
        trial,
        other,
        trained_for=TRAINED_FOR,
        conditions=conditions,
        open_other_corpus=partial(open_corpus_of, trial, other, CPU),
    )
    assert maps_in(storage)
    assert on_maps.result == on_pictures.result


def test_probe_reads_as_many_maps_but_makes_none(
    trial: Trial, storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*of: Any) -> list[bytes]:
        raise AssertionError("maps are made")

    monkeypatch.setattr(making, "_maps", never)
    seen: list[torch.Size] = []
    finish = MapColumn.finish

    def noting(self: MapColumn, collected: torch.Tensor) -> torch.Tensor:
        seen.append(collected.shape[1:])
        return finish(self, collected)

    monkeypatch.setattr(MapColumn, "finish", noting)
    probe = probe_trial(trial, storage, tmp_path / "scratch", device=CPU, num_at_once=1)
    assert probe.step_s > 0
    assert set(seen) == {torch.Size((14, 14, 4))}
    assert not (storage / FOLDER).exists()
