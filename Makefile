PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
# More than two cores keep busy: tests of whole commands mostly wait for them.
TEST_PROCESSES ?= 3
# tests/conftest.py says which files come first.
IN_PROCESSES := --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
INSTALLED := $(VENV)/installed
PACKAGES := mmer_sweep.py corpora models search_spaces reports orchestrator benchmarks tests examples

# Container images often set it. Then each of the hundreds of processes of the tests compiles
# PyTorch, Ray and MLflow again.
unexport PYTHONDONTWRITEBYTECODE

# A newer Python gets newer versions of some packages. These tests use each of them, and run the
# whole program once: `tests/test_newer_python.py` holds that.
NEWER_PYTHON ?= python3.13
NEWER_VENV := .venv-newer
NEWER_TESTS := tests/test_end_to_end.py::test_clips_become_a_table_and_the_second_run_trains_nothing \
	tests/corpora/media tests/corpora/readers tests/corpora/synthetic tests/reports/statistics \
	tests/reports/scores

# What looks at the packages has an environment of its own, so that it is none of them.
AUDIT_VENV := .venv-audit
AUDIT_BIN := $(AUDIT_VENV)/bin
AUDIT_INSTALLED := $(AUDIT_VENV)/installed
# What changes the code for mutation tests, too: it finds the other packages in $(VENV).
MUTANTS_VENV := .venv-mutants
MUTANTS_INSTALLED := $(MUTANTS_VENV)/installed
# Weaknesses that do not concern us: `--ignore-vuln ID`, each with its reason in RELEASING.md.
AUDIT_EXCEPTIONS :=

.PHONY: demo test test-quick test-newer test-slow test-gpu lint docs audit mutants release setup lock

demo: setup  ## set everything up and run the main job
	$(BIN)/mmer-sweep layers

test: setup  ## set everything up and run lint, types and the quick tests
	$(MAKE) --jobs 2 lint test-quick

test-quick: setup
	$(BIN)/python -m pytest -m "not slow and not gpu" --durations 25 $(IN_PROCESSES)

test-newer:  ## run a part of the quick tests on a newer Python, in an environment of its own
	$(MAKE) setup PYTHON=$(NEWER_PYTHON) VENV=$(NEWER_VENV)
	$(NEWER_VENV)/bin/python -m pytest -m "not slow and not gpu" $(IN_PROCESSES) $(NEWER_TESTS)

test-slow: setup  ## run the tests that take minutes
	$(BIN)/python -m pytest -m "slow and not gpu" --durations 25 $(IN_PROCESSES)

test-gpu: setup  ## run the tests that need a GPU
	@$(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available() and "make test-gpu needs a GPU that PyTorch can use, and finds none")'
	$(BIN)/python -m pytest -m gpu

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES)

docs: setup  ## build the site of the documentation into site/; a warning is an error
	$(BIN)/python -m mkdocs build --strict

audit: $(AUDIT_INSTALLED)  ## ask PyPI for known weaknesses of the locked packages; needs the internet
	$(AUDIT_BIN)/pip-audit --strict --require-hashes --disable-pip $(AUDIT_EXCEPTIONS) \
		--requirement requirements.lock

mutants: setup $(MUTANTS_INSTALLED)  ## change the code that decides numbers, and see whether tests fail
	$(BIN)/python -m benchmarks.mutants

# One commit gives the same bytes on every machine.
release: setup $(AUDIT_INSTALLED)  ## build wheel, source archive and bill of materials into dist/
	rm -rf dist
	export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) && \
	$(BIN)/python -m hatchling build && \
	$(AUDIT_BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file dist/mmer-sweep.cdx.json requirements.lock
	cd dist && sha256sum * > SHA256SUMS

setup: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15) and "mmer-sweep needs Python 3.11 to 3.14: make PYTHON=python3.11")'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes \
		--requirements requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $@

$(AUDIT_INSTALLED): audit.lock Makefile
	test -x $(AUDIT_BIN)/pip || $(PYTHON) -m venv $(AUDIT_VENV)
	$(AUDIT_BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--requirement audit.lock
	touch $@

$(MUTANTS_INSTALLED): mutants.lock Makefile
	test -x $(MUTANTS_VENV)/bin/pip || $(PYTHON) -m venv $(MUTANTS_VENV)
	$(MUTANTS_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--requirement mutants.lock
	touch $@

lock:  ## lock the newest versions that pyproject.toml allows; the file names no registry
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev --extra docs \
		--generate-hashes --no-emit-index-url --no-header --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --group audit \
		--generate-hashes --no-emit-index-url --no-header --output-file audit.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --group mutants \
		--generate-hashes --no-emit-index-url --no-header --output-file mutants.lock
