# make run, make test: everything they need is set up first; a second run is fast.
.DEFAULT_GOAL := help
PYTHON ?= $(shell python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: help run test check lint bench coverage clean

help: ## the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/'

run: $(VENV)/.installed ## show the main job: a video model under TimeDistributed
	@$(BIN)/tdinspect shape specs/video_classifier.yaml

test: $(VENV)/.installed-dev ## every test
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4

check: lint test ## what CI wants: lint, types, import contracts, tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-bench ## the measured ratios, side by side with `import torch`
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python -m benchmarks.inspectors
	@$(BIN)/python benchmarks/reading.py
	@$(BIN)/python -m benchmarks.axes
	@$(BIN)/python -m benchmarks.check
	@$(BIN)/python -m benchmarks.time_distributed

coverage: $(VENV)/.installed-dev ## which lines no test reaches
	@$(BIN)/coverage run -m pytest -q
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

clean: ## take the environment and the caches away
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .tdinspect_cache .coverage .coverage.*

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "tdinspect needs Python 3.11 or later; $(PYTHON) is not. Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; } # half an environment would be taken for a whole one

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing tdinspect (torch is the big one)"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed
	@echo "installing the tools to measure beside"
	@$(PIP) install --constraint constraints.txt --editable '.[bench]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing the development tools"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@
