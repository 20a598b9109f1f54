# The verbs of Park Twin. `make run` and `make test` need only Python 3.11 (and, for tests, Debian).
SHELL := /bin/bash
PYTHON ?= python3.11
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif
VENV := .venv
BIN := $(VENV)/bin
SCENE ?= qingliu
# One BLAS thread per process: the park runs several processes on few cores.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

VIEWER_SOURCES := $(shell find web/viewer -path '*/node_modules' -prune -o -type f -print 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install run test check format lint types contracts unit viewer-test browser bench validate build clean system

help: ## name the verbs
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Say make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv; } || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)

.stamps/install: pyproject.toml hatch_build.py $(VIEWER_SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@mkdir -p .stamps && touch $@

.stamps/test: pyproject.toml .stamps/install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@mkdir -p .stamps && touch $@

install: .stamps/install ## make the environment and the viewer

run: install ## start the park and print its address (SCENE=name to choose another park)
	@exec $(BIN)/park-twin run --scene $(SCENE)

system: ## Debian packages that the browser journeys need (root only; otherwise says what is missing)
	@bash .ci/system.sh

test: .stamps/test system check unit viewer-test browser ## lint, types, contracts, Python, viewer and browser tests
	@echo "make test: all passed"

check: lint types contracts ## lint, types and import contracts

lint: .stamps/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .stamps/test
	$(BIN)/mypy

contracts: .stamps/test
	$(BIN)/lint-imports

format: .stamps/test ## format the Python code and sort its imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: .stamps/test
	$(BIN)/python -m pytest -q -m "not browser and not bench and not study" -n 2 --dist loadfile

viewer-test: .stamps/test
	$(BIN)/python hatch_build.py check

browser: .stamps/test system
	$(BIN)/python -m pytest -q -m "browser and not bench" tests/journeys

bench: .stamps/test system ## measure: frame to beam, first frame, 40 clients, ingest rate, kill -9
	$(BIN)/python -m pytest -q -s -m bench tests/bench

validate: .stamps/test ## compare with published experiments; writes docs/validation/air.md and water.md
	@status=0; $(BIN)/python -m tests.validation.air || status=$$?; \
	$(BIN)/python -m tests.validation.water || status=$$?; \
	$(BIN)/python -m pytest -q -m "(slow or study) and not bench" tests || status=$$?; exit $$status

build: $(BIN)/python ## wheel with the built viewer inside, in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## remove everything that was built; the data in var/ stays
	rm -rf $(VENV) .stamps dist web/static/viewer web/viewer/node_modules .mypy_cache .ruff_cache .pytest_cache
