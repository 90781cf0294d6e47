from pathlib import Path

import pytest

from reports.ledger import probe
from reports.ledger.probe import (
    VERSION,
    architecture_of,
    device_file,
    distinct_architectures,
    find_device,
    find_probe,
    probe_file,
    remember_device,
    remember_probe,
)
from search_spaces.change import Change, apply_change
from search_spaces.trial import CorpusRef, Trial
from tests.orchestrator.factories import small_config
from tests.orchestrator.probe_factory import make_probe

CORPUS = CorpusRef(name="mine", recipe="le", fingerprint="f")
TRIAL = Trial(config=small_config(), corpus=CORPUS, seed=0)
PROBE = make_probe(TRIAL, 22.0)
"""Of two epochs: 1 s before, 20 s, 1 s after."""


def changed(change: Change) -> Trial:
    return Trial(config=apply_change(TRIAL.config, change), corpus=CORPUS, seed=3)


def test_time_of_a_trial_is_that_of_its_epochs_and_what_is_around_them() -> None:
    assert [PROBE.trial_s(epochs) for epochs in (0, 1, 2)] == pytest.approx([2.0, 12.0, 22.0])


@pytest.mark.parametrize(
    "change", [{}, {"training.learning_rate": 1e-5}, {"training.max_epochs": 40}], ids=str
)
def test_trials_that_take_the_same_are_one_architecture(change: Change) -> None:
    assert architecture_of(changed(change)) == architecture_of(TRIAL)


@pytest.mark.parametrize(
    "change",
    [{"model.fusion.depth": 5}, {"training.batch_size": 2}, {"training.precision": "bf16"}],
    ids=str,
)
def test_trials_that_take_other_time_or_memory_are_not(change: Change) -> None:
    assert architecture_of(changed(change)) != architecture_of(TRIAL)


def test_another_corpus_makes_another_architecture() -> None:
    other = TRIAL.model_copy(update={"corpus": CORPUS.model_copy(update={"fingerprint": "g"})})
    assert distinct_architectures([TRIAL, other, changed({})]) == {
        architecture_of(TRIAL): TRIAL,
        architecture_of(other): other,
    }


def test_trial_of_most_epochs_stands_for_its_architecture() -> None:
    longest, as_long = changed({"training.max_epochs": 9}), changed({"training.max_epochs": 9})
    as_long = as_long.model_copy(update={"seed": 7})
    assert distinct_architectures([TRIAL, longest, changed({}), as_long]) == {
        architecture_of(TRIAL): longest
    }


def test_probe_is_found_again_on_its_kind_of_device_alone(tmp_path: Path) -> None:
    assert find_probe(PROBE.architecture, PROBE.device, 2, tmp_path) is None
    remember_probe(PROBE, tmp_path)
    newer = PROBE.model_copy(update={"step_s": 9.0})
    remember_probe(newer, tmp_path)
    assert find_probe(PROBE.architecture, PROBE.device, 2, tmp_path) == newer
    assert find_probe(PROBE.architecture, "NVIDIA A10G", 2, tmp_path) is None


def test_probes_beside_more_and_beside_fewer_are_both_kept(tmp_path: Path) -> None:
    alone = PROBE.model_copy(update={"num_at_once": 1, "step_s": 0.5})
    remember_probe(PROBE, tmp_path)
    remember_probe(alone, tmp_path)
    found = [find_probe(PROBE.architecture, PROBE.device, num, tmp_path) for num in (1, 2, 3)]
    assert found == [alone, PROBE, None]


def test_probe_of_deterministic_algorithms_is_one_of_its_own(tmp_path: Path) -> None:
    slower = PROBE.model_copy(update={"step_s": 9.0, "is_deterministic": True})
    usual, own = remember_probe(PROBE, tmp_path), remember_probe(slower, tmp_path)
    asked = (PROBE.architecture, PROBE.device, 2, tmp_path)
    assert find_probe(*asked) == PROBE
    assert find_probe(*asked, is_deterministic=True) == slower
    assert ["is_deterministic" in path.read_text() for path in (usual, own)] == [False, True]


def test_probe_of_another_version_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it read: it may lack what is told now, and an older program may still need it."""
    asked = (PROBE.architecture, PROBE.device, 2, tmp_path)
    path = remember_probe(PROBE, tmp_path)
    unversioned = path.with_name(path.name.replace(f"-v{probe.VERSION}-", "-"))
    path.rename(unversioned)
    assert find_probe(*asked) is None
    remember_probe(PROBE, tmp_path).write_text("of another form")
    monkeypatch.setattr(probe, "VERSION", probe.VERSION + 1)
    assert find_probe(*asked) is None
    remember_probe(PROBE, tmp_path)
    assert find_probe(*asked) == PROBE
    assert len([*path.parent.iterdir()]) == 3


def test_device_of_a_machine_is_remembered(tmp_path: Path) -> None:
    assert find_device("CPU of here", tmp_path) is None
    remember_device("CPU of here", "a slow CPU", tmp_path)
    remember_device("CPU of there", "a CPU", tmp_path)
    remember_device("CPU of here", "a CPU", tmp_path)
    assert find_device("CPU of here", tmp_path) == "a CPU"


@pytest.mark.parametrize("content", [b"a CP", b'"a \xff"', b"", b"[" * 100_000])
def test_damaged_name_of_a_device_is_told_and_asked_again(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = remember_device("CPU of here", "a CPU", tmp_path)
    path.write_bytes(content)
    assert find_device("CPU of here", tmp_path) is None
    assert f"device name '{path}' is damaged" in caplog.text
    assert path.with_name(f"{path.name}.damaged").read_bytes() == content
    remember_device("CPU of here", "a CPU", tmp_path)
    assert find_device("CPU of here", tmp_path) == "a CPU"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"device": 3}', "architecture: Field required"),
        (b"\xff", "Invalid JSON"),
        (PROBE.model_copy(update={"device": "another"}).model_dump_json().encode(), "of something"),
    ],
)
def test_damaged_or_foreign_probe_is_told_and_measured_again(
    content: bytes, told: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = (PROBE.architecture, PROBE.device, PROBE.num_at_once, tmp_path)
    path = remember_probe(PROBE, tmp_path)
    path.write_bytes(content)
    assert find_probe(*asked) is None
    assert f"probe '{path}' is damaged" in caplog.text
    assert told in caplog.text
    assert path.with_name(f"{path.name}.damaged").read_bytes() == content
    remember_probe(PROBE, tmp_path)
    assert find_probe(*asked) == PROBE


def test_device_name_of_an_earlier_version_is_read(tmp_path):
    path = remember_device("CPU of here", "a CPU", tmp_path)
    path.write_text('"a CPU"')
    assert find_device("CPU of here", tmp_path) == "a CPU"


def test_device_name_of_another_machine_is_set_aside(tmp_path):
    path = remember_device("CPU of here", "a CPU", tmp_path)
    path.write_bytes(remember_device("CPU of there", "a slow CPU", tmp_path).read_bytes())
    assert find_device("CPU of here", tmp_path) is None
    assert path.with_name(f"{path.name}.damaged").is_file()


def test_probes_and_devices_lie_under_names_of_letters_and_digits(tmp_path: Path) -> None:
    device = "NVIDIA H200 (141 GB), x2"
    names = [
        probe_file("f00d", device, 3, tmp_path, is_deterministic=is_deterministic).name
        for is_deterministic in (False, True)
    ]
    assert names == [
        f"f00d-v{VERSION}-NVIDIA-H200-141-GB-x2-3.json",
        f"f00d-v{VERSION}-NVIDIA-H200-141-GB-x2-3-deterministic.json",
    ]
    assert device_file("gpu.example_7", tmp_path).name == "device-gpu-example-7.json"
