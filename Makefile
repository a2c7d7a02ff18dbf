# Every target sets up what it needs from nothing but python3; nothing is installed outside .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Constraints hold for the build backend too.
PIP := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet

.DEFAULT_GOAL := help
.PHONY: help world test quick faults mutate check format docs bench bench-quick reference clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-dev
	$(PIP) --editable '.[dev,bench]'
	@touch $@

$(VENV)/.installed-reference: $(VENV)/.installed-dev
	$(PIP) --editable '.[dev,reference]'
	@touch $@

world: $(VENV)/.installed ## Build the bundled world into ./world
	$(BIN)/closedworld run --out world

test: $(VENV)/.installed-dev ## Run the whole test suite
	$(BIN)/python -m pytest

quick: $(VENV)/.installed-dev ## Run the tests that take a few seconds
	$(BIN)/python -m pytest -m 'not slow'

faults: $(VENV)/.installed-dev ## Run all fault tests at full number (half an hour of processor time)
	CLOSEDWORLD_FAULTS=full $(BIN)/python -m pytest tests/faults

mutate: $(VENV)/.installed-dev ## See whether tests notice small changes (an hour); MODULE=kernels/weights for a part
	$(BIN)/python scripts/mutate.py $(MODULE)

check: $(VENV)/.installed-dev ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## Put the code in its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-dev ## Build the documentation site into build/docs, strictly
	$(BIN)/python -m sphinx --nitpicky --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

bench: $(VENV)/.installed-bench ## Compare speed, memory and size with peers (a quarter of an hour)
	$(BIN)/python benchmarks/run.py

bench-quick: $(VENV)/.installed-bench ## The same on smaller worlds (under 2 minutes)
	$(BIN)/python benchmarks/run.py --quick

reference: $(VENV)/.installed-reference ## Rebuild the bundled data; SOURCE=path of the Natural Earth zip
	$(BIN)/python scripts/reference/build_iso_table.py
	$(BIN)/python scripts/reference/build_countries.py $(SOURCE)
	$(BIN)/python scripts/reference/build_population.py $(SOURCE)
	$(BIN)/python scripts/reference/seal.py

clean: ## Remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
