"""The built wheel holds the whole program, takes no common name, and works from any folder."""

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_sdist, build_wheel

from corpora.preparation.prepare import prepare
from corpora.readers.clip_folder import read_clips
from corpora.recipes.pictures import LE
from mmer_sweep import OWN
from tests.corpora.media_factory import clip_lines, write_clip_folder
from tests.running import ray_cluster, records
from tests.test_layers import ROOT, tracked_files

PLACE = "mmer_sweep_packages"

STUDY = """
from models.titles import TITLE
from mmer_sweep import ANY_CORPUS, LE, Column, Row, Study

TINY = LE["tiny"][ANY_CORPUS]
training = TINY.training.model_copy(update={"max_epochs": 1})
OUTSIDE = Study(
    name="outside",
    title=TITLE,
    baseline={"tiny": {ANY_CORPUS: TINY.model_copy(update={"training": training})}},
    columns={ANY_CORPUS: (Column(metric="f1", header="F1"),)},
    seeds=(0,),
    rows=(Row(name="full"),),
)
"""

WHERE = """
import sys
from pathlib import Path
import mmer_sweep
mmer_sweep.prefer_own_packages()
import ray
from orchestrator.cluster.ray_session import ray_session

def where():
    import corpora, models, orchestrator, reports, search_spaces
    found = (corpora, models, orchestrator, reports, search_spaces)
    return {str(Path(one.__file__).parent.parent) for one in found}

with ray_session(Path.cwd(), address=sys.argv[1]):
    print(*ray.get(ray.remote(num_cpus=1)(where).remote(), timeout=120))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / build_wheel(str(folder))


def test_wheel_has_all_files_of_our_packages_in_one_folder(wheel: Path) -> None:
    tracked = {file.relative_to(ROOT) for file in tracked_files()}
    ours = {str(Path(PLACE, file)) for file in tracked if file.parts[0] in OWN}
    built = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert built == ours | {"mmer_sweep.py"}


@pytest.mark.parametrize("build", [build_wheel, build_sdist], ids=lambda build: build.__name__)
def test_other_folder_other_times_and_rights_build_the_same_bytes(
    build: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    built = []
    for name, mode in (("one", 0o644), ("another", 0o600)):
        checkout = tmp_path / name
        for file in tracked_files():
            copy = checkout / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            copy.chmod(mode | (file.stat().st_mode & 0o100))
        monkeypatch.chdir(checkout)
        built.append((tmp_path / build(str(tmp_path))).read_bytes())
    assert built[0] == built[1]


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel into an empty environment; dependencies are those of the tests.

    Their folder comes by a line of a `.pth` file: an editable install in it is then not active.
    """
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", f"--python={python}", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True, timeout=120)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    return site


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder in which all our names are taken, and put it on the search path."""
    folder = tmp_path / "outside"
    for name in OWN:
        file = folder / name / "__init__.py" if name == "models" else folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("raise ImportError('someone else')")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def call_installed(env: Path, cwd: Path, *arguments: str) -> str:
    """Run the installed command to its end and return what it printed."""
    command = [str(env / "bin" / "mmer-sweep"), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_installed_wheel_works_beside_other_things_of_all_our_names(
    wheel: Path, outside: Path, tmp_path: Path
) -> None:
    """The user's study imports a `models` of its own; a trial is trained on Ray."""
    version = wheel.name.split("-")[1]
    site = install(wheel, tmp_path / "env")
    names = (f"mmer_sweep-{version}.dist-info", "mmer_sweep.py", PLACE)
    assert sorted(site.glob("m*")) == [site / name for name in names]
    (outside / "mine" / "models").mkdir(parents=True)
    (outside / "mine" / "models" / "__init__.py").touch()
    (outside / "mine" / "models" / "titles.py").write_text("TITLE = 'Of my own models'")
    (outside / "mine" / "study.py").write_text(STUDY)
    source = read_clips(write_clip_folder(tmp_path / "clips", clip_lines(per_split=12)))
    prepare(source, [LE], name="mine", storage=outside)

    call = partial(call_installed, tmp_path / "env", outside)
    assert version in call("--version")
    assert "layers" in call("list")
    assert "Of my own models" in call("run", "mine/study.py", "--corpus", "mine", "--storage", ".")
    (record,) = records(outside).values()
    assert record.circumstances.code_version == version
    call("report", "--storage", ".")
    assert "Of my own models" in (outside / "report" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_model_of_the_tutorial_trains_and_predicts(wheel: Path, tmp_path: Path) -> None:
    """The files and commands of `docs/own-model.md`, in a folder of the user."""
    install(wheel, tmp_path / "env")
    page = (ROOT / "docs" / "own-model.md").read_text(encoding="utf-8")
    mine = tmp_path / "mine"
    clips = write_clip_folder(mine / "clips", clip_lines(per_split=12))
    prepare(read_clips(clips), [LE], name="mine", storage=mine / "mmer-sweep-storage")
    for name, code in re.findall(r"`(\w+\.py)`[^`]*\n\n```python\n(.*?)```", page, re.DOTALL):
        (mine / name).write_text(code, encoding="utf-8")
    assert {file.name for file in mine.glob("*.py")} == {"mynet.py", "mylayers.py", "gates.py"}
    (commands,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    plan, run, predict = (shlex.split(line)[1:] for line in commands.splitlines())
    (mine / predict.pop()).symlink_to(next(clips.glob("*.mp4")))
    call = partial(call_installed, tmp_path / "env", mine)
    assert "4 trials" in call(*plan, "--corpus", "mine", "--no-measure")
    assert "no gate" in call(*run, "--corpus", "mine", "--no-measure")
    assert "happy" in call(*predict, "--corpus", "mine", "clip.mp4")
    net = mine / "mynet.py"
    net.write_text(net.read_text(encoding="utf-8").replace("both.mean(1)", "both.sum(1)"))
    told = " ".join(call(*plan, "--corpus", "mine", "--no-measure").split())
    assert "4 of the trials to train were made by an earlier mynet.py" in told


def test_program_beside_other_things_of_our_names_imports_us_and_them(
    wheel: Path, outside: Path, tmp_path: Path
) -> None:
    install(wheel, tmp_path / "env")
    program = "from mmer_sweep import FE2E, Study; print(FE2E.keys()); import models"
    command = [str(tmp_path / "env" / "bin" / "python"), "-c", program]
    done = subprocess.run(command, cwd=outside, capture_output=True, text=True, timeout=60)
    assert "'tiny'" in done.stdout, done.stderr
    assert done.stderr.endswith("ImportError: someone else\n")


@pytest.mark.slow
def test_workers_of_a_cluster_use_what_their_machine_has_installed(
    wheel: Path, outside: Path, tmp_path: Path
) -> None:
    drivers, machines = tmp_path / "drivers", tmp_path / "machines"
    install(wheel, drivers)
    site = install(wheel, machines)
    with ray_cluster(machines / "bin" / "python", cwd=outside) as address:
        command = [str(drivers / "bin" / "python"), "-c", WHERE, address]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == [str(site / PLACE)], done.stderr
