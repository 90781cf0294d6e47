import inspect
import runpy
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import mmer_sweep
from search_spaces.catalogue import load_studies
from search_spaces.errors import StudyError
from search_spaces.own.importing import user_code
from search_spaces.study import Study

STUDY = """
from {titles} import TITLE
from mmer_sweep import ANY_CORPUS, LE, OF_NUMBERS, Row, Study
STUDY = Study(
    name="mine", title=TITLE, baseline=LE, columns={{ANY_CORPUS: OF_NUMBERS}}, rows=[Row(name="a")]
)
"""


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Loading leaves the search path, and what our names mean, as they were."""
    mmer_sweep.prefer_own_packages()
    path, ours = list(sys.path), own_modules()
    yield
    assert sys.path == path
    assert own_modules().items() >= ours.items()
    assert all("/pytest-" not in str(module.__file__) for module in own_modules().values())


def own_modules() -> dict[str, ModuleType]:
    return {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in mmer_sweep.OWN
    }


def lay(folder: Path, **contents: str) -> Path:
    """Write Python files; `models__parts` is `models/parts.py`. Return the one named `study`."""
    for name, content in contents.items():
        package, _, module = name.partition("__")
        file = folder / package / f"{module}.py" if module else folder / f"{package}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder / "study.py"


def title_of(file: Path) -> str:
    (study,) = load_studies(file)
    assert type(study) is Study
    return study.title


def test_files_of_two_folders_each_get_the_helper_beside_them(tmp_path: Path) -> None:
    study = STUDY.format(titles="titles")
    first = lay(tmp_path / "a", study=study, titles="TITLE = 'first'")
    second = lay(tmp_path / "b", study=study, titles="TITLE = 'second'")
    assert [title_of(first), title_of(second)] == ["first", "second"]
    assert "titles" not in sys.modules


@pytest.mark.parametrize("name", mmer_sweep.OWN)
@pytest.mark.parametrize("place", ["{}__titles", "{}____init__", "{}"])
def test_module_beside_the_file_may_have_the_name_of_one_of_our_packages(
    name: str, place: str, tmp_path: Path
) -> None:
    """It is a folder with or without `__init__.py`, or a file."""
    titles = f"{name}.titles" if place == "{}__titles" else name
    contents = {place.format(name): "TITLE = 'theirs'", "study": STUDY.format(titles=titles)}
    assert title_of(lay(tmp_path, **contents)) == "theirs"


def test_ours_are_found_before_and_after_theirs(tmp_path: Path) -> None:
    """The names change hands at each import of ours; what is ours is the same both times."""
    study = "from mmer_sweep import Study as First\n" + STUDY.format(titles="search_spaces.titles")
    file = lay(tmp_path, study=study + "assert First is Study", search_spaces__titles="TITLE = 'a'")
    assert title_of(file) == "a"


def test_installed_package_may_have_the_name_of_one_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path / "installed", models____init__="", models__titles="TITLE = 'installed'")
    monkeypatch.syspath_prepend(tmp_path / "installed")
    file = lay(tmp_path / "own", study=STUDY.format(titles="models.titles"))
    try:
        assert title_of(file) == "installed"
    finally:
        monkeypatch.undo()


def test_folder_without_code_is_no_package(tmp_path: Path) -> None:
    weights = tmp_path / "models" / "large" / "weights.safetensors"
    weights.parent.mkdir(parents=True)
    weights.touch()
    study = "from models.configs.le import LeConfig\n" + STUDY.format(titles="titles")
    assert title_of(lay(tmp_path, study=study, titles="TITLE = 'a'")) == "a"


def test_import_of_ours_by_a_name_that_is_theirs_is_told_with_the_remedy(tmp_path: Path) -> None:
    study = "\nfrom models.configs.le import LeConfig"
    file = lay(tmp_path, study=study, models____init__="")
    told = rf"line 2: .*No module named 'models.configs'; by 'models' the file means '{tmp_path}/"
    with pytest.raises(StudyError, match=told + ".*from mmer_sweep import Study"):
        title_of(file)


def test_functions_of_a_helper_work_after_it_is_forgotten(tmp_path: Path) -> None:
    helper = "NUMBER = 2\ndef half(x): return x / NUMBER"
    file = lay(tmp_path, study="from models import half", models=helper)
    with user_code(tmp_path):
        function = runpy.run_path(str(file))["half"]
    assert function(5) == 2.5
    assert inspect.getsource(function) == helper.splitlines()[1] + "\n"


def test_file_may_have_another_one_loaded(tmp_path: Path) -> None:
    """Each has its own `models`, and ours works for both."""
    inner = lay(tmp_path / "inner", study=STUDY.format(titles="models"), models="TITLE = 'inner'")
    outer = lay(
        tmp_path / "outer",
        models="TITLE = 'outer'",
        study=(
            "import models\nfrom pathlib import Path\n"
            "from search_spaces.catalogue import load_studies\n"
            f"INNER, = load_studies(Path({str(inner)!r}))\n"
            "import models as again\nassert again is models\n"
            "from mmer_sweep import Study\n"
            "OUTER = INNER.model_copy(update={'name': 'outer', 'title': models.TITLE})"
        ),
    )
    assert [study.title for study in load_studies(outer)] == ["inner", "outer"]


def test_modules_found_elsewhere_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as those of a library, which may be unable to be loaded twice."""
    lay(tmp_path / "library", own_library____init__="", own_library__titles="TITLE = 'a'")
    monkeypatch.syspath_prepend(tmp_path / "library")
    try:
        title_of(lay(tmp_path / "own", study=STUDY.format(titles="own_library.titles")))
        assert sys.modules.pop("own_library.titles").TITLE == "a"
        del sys.modules["own_library"]
    finally:
        monkeypatch.undo()


@pytest.mark.parametrize("name", mmer_sweep.PUBLIC)
def test_each_public_name_is_there(name: str) -> None:
    module = import_module(mmer_sweep.PUBLIC[name])
    assert getattr(mmer_sweep, name) is vars(module)[name]


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'mmer_sweep' has no attribute 'Studdy'"):
        mmer_sweep.Studdy  # noqa: B018


def test_our_module_alone_loads_none_of_our_packages() -> None:
    program = f"import sys, mmer_sweep; print({{*sys.modules}} & {{*{mmer_sweep.OWN!r}}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


@pytest.mark.parametrize("order", ["theirs first", "ours first"])
def test_program_that_imports_us_keeps_its_own_modules(order: str, tmp_path: Path) -> None:
    """Its `models` stays what it is, while our functions find ours."""
    lay(tmp_path, models____init__="OF = 'theirs'")
    imports = ["import models", "from mmer_sweep import FE2E, plan"]
    program = lay(
        tmp_path,
        study="\n".join(
            [
                *(imports if order == "theirs first" else imports[::-1]),
                "assert models.OF == 'theirs'",
                "try: plan('layers', storage='storage', corpus='none')",
                "except Exception as error: print(error)",
                "import models as again, sys",
                "assert again is models and 'models.configs' not in sys.modules",
                "assert FE2E['tiny']",
            ]
        ),
    )
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, cwd=tmp_path)
    assert "corpus 'none' is not prepared" in done.stdout, done.stderr
    assert done.returncode == 0, done.stderr


def test_modules_of_python_itself_stay_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their origin is no file: 'frozen' and 'built-in' are no names in the current folder."""
    monkeypatch.chdir(tmp_path)
    before = {name: sys.modules[name] for name in ("io", "sys", "zipimport")}
    with user_code(tmp_path):
        assert {name: sys.modules.get(name) for name in before} == before


def test_module_that_a_notebook_has_loaded_is_loaded_anew_and_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loaded_before.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = import_module("loaded_before")
    (tmp_path / "loaded_before.py").write_text("VALUE = 1 + 1\n")
    with user_code(tmp_path):
        assert import_module("loaded_before").VALUE == 2
    assert sys.modules["loaded_before"] is before
    assert before.VALUE == 1
