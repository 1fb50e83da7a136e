# Every target works alone on a fresh clone with Python 3.11 to 3.13, git and make: it makes .venv, installs what it
# needs at the versions of constraints.txt, and does its work.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
ROOTS := framework plugins kernels
LEAST_COVERAGE := 90
WORKERS ?= 2
# The installed wheel lives under build/, which is thrown away first: setuptools would pack what an older build left.
CLEAN := build/clean

# A name on PATH may be a shim of a version that is not active, so each candidate is run. `make PYTHON=...` overrides.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null; then echo "$$python"; break; fi; done)

.PHONY: help run test check lint suite coverage wheel-test bench soak docs format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: $(VENV)/run.stamp $(VENV)/kernels.stamp ## run examples/ema_cross and say where its report is
	$(BIN)/tickloom run examples/ema_cross/run.toml

test: $(VENV)/test.stamp $(VENV)/kernels.stamp ## everything: check, then the wheel in a clean environment
	@$(MAKE) --jobs=2 --output-sync=target check wheel-test

check: lint suite coverage ## formatting, types, imports, tests, budgets and coverage per room

lint: $(VENV)/test.stamp ## ruff, its formatter, import-linter, mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

suite: $(VENV)/test.stamp $(VENV)/warm.stamp ## unit, property and integration tests, with coverage
	$(BIN)/pytest --numprocesses=$(WORKERS) --dist=loadfile --cov --cov-report=

coverage: suite
	@$(BIN)/coverage json --quiet -o $(VENV)/coverage.json
	@$(BIN)/python .ci/rooms.py $(VENV)/coverage.json $(LEAST_COVERAGE)

wheel-test: $(VENV)/test.stamp ## build the wheel, install it in a clean environment, and test it there
	rm -rf build
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheel .
	$(BIN)/python -m venv $(CLEAN)
	$(CLEAN)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt build/wheel/*.whl
	TICKLOOM_INSTALLED="$(CURDIR)/$(CLEAN)" $(BIN)/pytest tests/packaging

bench: $(VENV)/test.stamp $(VENV)/kernels.stamp ## measure speed with pytest-benchmark
	$(BIN)/pytest tests/bench --capture=no --benchmark-only --benchmark-columns=min,median,ops,rounds --benchmark-sort=name

soak: $(VENV)/test.stamp $(VENV)/kernels.stamp ## thousands of cases of each property, a hundred kills
	HYPOTHESIS_PROFILE=soak $(BIN)/pytest tests/property tests/integration/test_journal_kills.py \
	tests/integration/test_bus_kills.py tests/integration/test_bus_chaos.py --numprocesses=$(WORKERS) \
	--timeout=7200 --override-ini=faulthandler_timeout=7100

docs: $(VENV)/docs.stamp ## build the documentation; a warning is an error
	$(BIN)/sphinx-build -W --keep-going --quiet -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

format: $(VENV)/test.stamp ## let ruff put imports and lines in order
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

clean: ## remove what was built and cached, except .venv
	rm -rf build docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks .import_linter_cache .coverage
	find $(ROOTS) tests examples -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "tickloom needs Python 3.11, 3.12 or 3.13 with venv and ensurepip, and found none." \
	"Install one, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

# One environment, three stages. setuptools comes first, so that the build needs no environment of its own.
$(VENV)/run.stamp: setup.cfg pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/test.stamp: setup.cfg pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable '.[test]'
	@touch $(VENV)/run.stamp $@

$(VENV)/docs.stamp: setup.cfg pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation --editable '.[docs]'
	@touch $(VENV)/run.stamp $@

# numba's cache notices a change of the file that holds a function, not of the files that the function calls into:
# when any compiled function's file changes, all caches go.
$(VENV)/kernels.stamp: $(shell grep -rlE --include='*.py' 'njit|inlined|^@step' $(ROOTS)) | $(BIN)/python
	@find $(ROOTS) -name '*.nb[ic]' -delete
	@touch $@

# Compile once what most tests need, before several processes would each do so at the same time.
$(VENV)/warm.stamp: $(VENV)/kernels.stamp | $(VENV)/test.stamp
	@$(BIN)/tickloom run examples/bar_breakout/run.toml --set sources.main.duration=1min --out $(VENV)/warm >$(VENV)/warm.log
	@PYTHONPATH=tests $(BIN)/python -m catalogue
	@touch $@
