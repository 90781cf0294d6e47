"""The rules of the house: who may import whom, and what no file may hold."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED: dict[str, tuple[str, ...]] = {
    "corpora": (),
    "models": ("corpora.errors", "corpora.parsing", "corpora.checkpoints"),
    "search_spaces": (
        *("corpora.errors", "corpora.parsing", "corpora.source.task", "models.configs"),
        *("models.own.system", "models.own.wrapping"),
    ),
    "reports": ("corpora", "models.configs", "models.own.system", "search_spaces"),
    "orchestrator": ("corpora", "models", "search_spaces", "reports"),
}
"""What of ours each package may import besides itself: modules, or whole packages."""

ROOMS: dict[str, tuple[str, ...]] = {
    "corpora": (
        *("errors", "parsing", "source", "checkpoints", "media", "recipes", "text", "readers"),
        *("iemocap", "mosei", "meld"),
        *("synthetic", "device", "forms", "features", "feature_files", "store", "preparation"),
        "batches",
    ),
    "reports": (
        *("statistics", "ledger", "metrics", "scores", "tables", "verdicts", "lint", "forms"),
        *("diff", "corpus", "figures", "given", "model_figures", "prediction", "search"),
        "document",
    ),
    "orchestrator": (
        *("redaction", "errors", "terminal", "facts", "beginnings", "plan", "storage", "addresses"),
        *("training", "prefixes", "failures", "trial", "cluster", "project", "own", "tracking"),
        *("kept_models", "corpus", "floors", "forecast", "live", "sweep", "candidates", "search"),
        *("upkeep", "doctor", "status", "inventory", "api", "commands", "cli", "start"),
    ),
}
"""The rooms of a package, from the ground up: each imports from those before it alone."""

MAX_MODULES = 12
"""So many files a room has at most."""

FILES_OF = {
    "ray": {
        "orchestrator/cluster/local_ray.py",
        "orchestrator/cluster/resources.py",
        "orchestrator/cluster/ray_session.py",
        "orchestrator/corpus/on_ray.py",
        "orchestrator/search/early_stopping.py",
        "orchestrator/sweep/losses.py",
        "orchestrator/sweep/ray_patches.py",
        "orchestrator/forecast/measure.py",
        "orchestrator/sweep/worker.py",
        "orchestrator/cluster/packing.py",
        "orchestrator/forecast/probers.py",
        "orchestrator/own/checking.py",
        "orchestrator/sweep/tune.py",
        "orchestrator/sweep/tune_adapters.py",
    },
    "mlflow": {"orchestrator/tracking/client.py"},
    "optuna": {
        "orchestrator/search/importance.py",
        "orchestrator/search/journal/file.py",
        "orchestrator/search/journal/journal.py",
        "orchestrator/search/journal/shared.py",
        "orchestrator/search/sampling.py",
        "orchestrator/search/log.py",
    },
}
HEAVY = ("torch", "ray", "mlflow", "optuna")

every_package = pytest.mark.parametrize("package", ALLOWED)


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """List the imports of a file, those inside functions too."""
    nodes = ast.walk(parse(path))
    return tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def imported_names(path: Path) -> set[str]:
    """Name what a file imports: `from a import b` may mean the module `a` or `a.b`."""
    names: set[str] = set()
    for node in imports(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def lies_in(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def tracked_files() -> list[Path]:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    files = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in files if path.is_file()]


@every_package
def test_package_imports_only_from_its_left(package: str) -> None:
    assert sources(package)
    allowed = (package, *ALLOWED[package])
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(package)
        for name in imported_names(path)
        if lies_in(name, (*ALLOWED, "tests", "benchmarks")) and not lies_in(name, allowed)
    }
    assert not wrong


@pytest.mark.parametrize("package", ROOMS)
def test_room_imports_only_from_rooms_below(package: str) -> None:
    rooms = ROOMS[package]
    assert {path.relative_to(ROOT / package).parts[0] for path in sources(package)} == {
        "__init__.py",
        *(room if (ROOT / package / room).is_dir() else f"{room}.py" for room in rooms),
    }
    wrong = set()
    for path in sources(package):
        room = path.relative_to(ROOT / package).with_suffix("").parts[0]
        for name in imported_names(path):
            above = rooms[rooms.index(room) + 1 :] if room in rooms else rooms
            if lies_in(name, tuple(f"{package}.{other}" for other in above)):
                wrong.add(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong


@pytest.mark.parametrize("package", ROOMS)
def test_room_is_not_too_full(package: str) -> None:
    folders = {path.parent for path in sources(package)}  # rooms, and rooms within rooms
    full = {
        folder: num
        for folder in folders - {ROOT / package}
        if (num := len(list(folder.glob("[!_]*.py")))) > MAX_MODULES
    }
    assert not full


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_no_imports_go_in_a_circle() -> None:
    modules = {module_name(path): path for folder in ALLOWED for path in sources(folder)}
    graph = {
        module: {
            target
            for name in imported_names(path)
            for target in (name, name.rpartition(".")[0])
            if target in modules and target != module
        }
        for module, path in modules.items()
    }
    assert len(list(TopologicalSorter(graph).static_order())) == len(modules)


def defined_names(path: Path) -> set[str]:
    """Name what a file defines or, by a star of its own, takes from elsewhere: no imports."""
    tree = parse(path)
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    made = {node.name for node in tree.body if hasattr(node, "name")}
    return (stored | made) - imported


def test_names_are_imported_from_where_they_are_defined() -> None:
    folders = (*ALLOWED, "tests", "benchmarks")
    modules = {module_name(path): path for folder in folders for path in sources(folder)}
    defined = {module: defined_names(path) for module, path in modules.items()}
    passed_on = {
        f"{path.relative_to(ROOT)}: {node.module}.{alias.name}"
        for path in modules.values()
        for node in imports(path)
        if isinstance(node, ast.ImportFrom) and node.module in modules
        for alias in node.names
        if alias.name not in defined[node.module]
    }
    assert not passed_on


@pytest.mark.parametrize("library", FILES_OF)
def test_library_is_imported_in_one_file_only(library: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for package in ALLOWED
        for path in sources(package)
        if any(lies_in(name, (library,)) for name in imported_names(path))
    }
    assert users == FILES_OF[library]


PARSERS = re.compile(r"\b(json\.loads?|yaml\.\w*load\w*)\(|\.(model_)?validate_json\(")

THEIR_FILES = {
    "corpora/parsing/json_text.py",
    "corpora/parsing/yaml_text.py",
    "orchestrator/sweep/messages.py",  # reads what another process of ours sends, no file
}


def test_json_and_yaml_are_read_in_one_file_each() -> None:
    """Elsewhere, a damaged file would end a command in a traceback."""
    users = {
        str(path.relative_to(ROOT))
        for package in ALLOWED
        for path in sources(package)
        if PARSERS.search(path.read_text(encoding="utf-8"))
    }
    assert users == THEIR_FILES


def test_no_import_is_relative() -> None:
    files = [path for folder in (*ALLOWED, "tests", "benchmarks") for path in sources(folder)]
    relative = {
        path
        for path in files
        for node in imports(path)
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert not relative


@pytest.mark.parametrize("package", ["search_spaces", "reports"])
def test_package_loads_no_heavy_library(package: str) -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources(package)
        if path.name != "__init__.py"
    ]
    program = (
        f"import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_init_files_hold_only_a_docstring() -> None:
    for folder in (*ALLOWED, "benchmarks"):
        for path in (path for path in sources(folder) if path.name == "__init__.py"):
            (statement,) = parse(path).body
            assert isinstance(statement, ast.Expr), path
            assert isinstance(statement.value, ast.Constant), path


def test_every_folder_of_python_files_is_a_package() -> None:
    folders = {path.parent for name in (*ALLOWED, "tests", "benchmarks") for path in sources(name)}
    assert not {folder for folder in folders if not (folder / "__init__.py").is_file()}


def test_no_file_names_a_package_registry() -> None:
    # Split, so that this file does not name one either.
    hosts = r"pypi\." r"org|python" r"hosted|index" r"-url\s*=|--(extra-)?index" r"-url[ =]h"
    naming = {
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if re.search(hosts, path.read_bytes().decode("utf-8", errors="replace"))
    }
    assert not naming


PUBLIC_OF_CUDA = re.compile(r"(^|\.)torch\.cuda(\.\w+)*\.[a-zA-Z]\w*$")

REPLACED_IN_CUDA = """
monkeypatch.setattr(torch.cuda, "mem_get_info", look)
monkeypatch.setattr(memory_cap.torch.cuda.memory, "empty_cache", look)
monkeypatch.setattr("torch.cuda.is_available", lambda: False)
patch("orchestrator.trial.usage.torch.cuda.synchronize")
patch.object(torch.cuda, "init")
torch.cuda.device_count = lambda: 2
del torch.cuda.seed
"""

LEFT_IN_CUDA = """
monkeypatch.setattr(torch.cuda, "_initialized", False)
monkeypatch.setattr(torch._C, "_cuda_init", start)
torch.cuda.set_device(1)
before = torch.cuda.device_count
"""


def replaced_in_cuda(tree: ast.Module) -> set[str]:
    """Name what of `torch.cuda` that is public a file sets, patches or deletes."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given: list[ast.expr | None] = [*node.args, None, None]
            first, second, *_ = given
            if isinstance(first, ast.Constant):
                names.add(str(first.value))
            elif first is not None and isinstance(second, ast.Constant):
                names.add(f"{ast.unparse(first)}.{second.value!s}")
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            names.add(ast.unparse(node))
    return {name for name in names if PUBLIC_OF_CUDA.search(name)}


def test_no_test_replaces_what_is_public_of_cuda() -> None:
    """It would hide PyTorch's own checks of arguments; `tests/cuda_driver.py` lies below them."""
    assert len(replaced_in_cuda(ast.parse(REPLACED_IN_CUDA))) == 7
    assert not replaced_in_cuda(ast.parse(LEFT_IN_CUDA))
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources("tests")
        for name in replaced_in_cuda(parse(path))
    }
    assert not found


DEVICE_WITHOUT_INDEX = re.compile(
    r"""torch\.device\("cuda"\)|\bdevice="cuda"|\.to\("cuda"\)|\.cuda\(\)|"cuda" if |else "cuda\""""
)


def test_no_device_is_a_gpu_without_index() -> None:
    """What is about one device's memory refuses it; `corpora.device.default_device` has one."""
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in (*ALLOWED, "benchmarks")
        for path in sources(folder)
        for match in DEVICE_WITHOUT_INDEX.finditer(path.read_text(encoding="utf-8"))
    }
    assert not found
