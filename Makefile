# Every target sets up what it needs from nothing but python3; nothing is installed outside .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# One test file at a time on each core; files are not divided, since most share a world among their tests.
PYTEST := $(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder
# Constraints hold for the build backend too.
PIP := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet

# The newest Python above 3.11 on the path or from pyenv, if there is one.
NEWEST = $(shell for minor in 15 14 13 12; do \
	for python in python3.$$minor "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.$$minor.*/bin/python; do \
		"$$python" -c '' 2> /dev/null && echo "$$python" && exit; done; done)

.DEFAULT_GOAL := help
.PHONY: help world test quick quick-newest thorough faults alone floors mutate readers check script format docs bench bench-quick reference clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

world: $(VENV)/.installed ## Build the bundled world into ./world, with the demonstration's merchants
	$(BIN)/closedworld run --merchants demo --out world

test: $(VENV)/.installed-dev ## Run the whole test suite
	$(PYTEST)

quick: $(VENV)/.installed-dev ## Run the tests that take a few seconds
	CLOSEDWORLD_TESTS=quick $(PYTEST) -m 'not slow'

quick-newest: ## The same with the newest Python at hand
	$(if $(NEWEST),$(MAKE) quick VENV=.venv-newest PYTHON=$(NEWEST),@echo "No Python above 3.11 is at hand.")

thorough: $(VENV)/.installed-dev ## Run the whole test suite with property and fault tests at full number (over an hour)
	CLOSEDWORLD_TESTS=full $(PYTEST)

faults: $(VENV)/.installed-dev ## Run all fault tests at full number (half an hour of processor time)
	CLOSEDWORLD_TESTS=full $(PYTEST) tests/faults

alone: $(VENV)/.installed-dev ## Run each test file by itself, as an order of tests that hides nothing
	find tests -name 'test_*.py' -print0 | sort -z | xargs -0 -n 1 $(BIN)/python -m pytest -q

readers: $(VENV)/.installed-dev ## Try many readers of Parquet, and write their table (needs Java 17 and Node 20)
	$(BIN)/python tests/readers/matrix.py

floors: $(VENV)/.installed-dev ## Run the pages of the documentation with the oldest versions that pyproject.toml allows
	$(BIN)/python scripts/floors.py .venv-floors README.md docs/how-to/query.md docs/how-to/notebook.md docs/how-to/own-raster.md docs/reference/datasets.md

mutate: $(VENV)/.installed-dev ## See whether tests notice small changes (an hour); MODULE=kernels/weights for a part
	$(BIN)/python scripts/mutate.py $(MODULE)

check: $(VENV)/.installed-dev ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

script: ## Check the types of the map's script (needs Node 20 and npm)
	cd src/closedworld/explore/page && npm install --no-package-lock --no-audit --no-fund --silent && npm run --silent check

format: $(VENV)/.installed-dev ## Put the code in its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.installed-dev ## Build the documentation site into build/docs, strictly
	$(BIN)/python -m sphinx --nitpicky --fail-on-warning --keep-going --quiet docs build/docs
	@echo "build/docs/index.html"

bench: $(VENV)/.installed-bench ## Compare speed, memory and size with peers (half an hour)
	$(BIN)/python benchmarks/run.py

bench-quick: $(VENV)/.installed-bench ## The same on smaller worlds (under 2 minutes)
	$(BIN)/python benchmarks/run.py --quick

reference: $(VENV)/.installed-reference ## Rebuild the bundled data; SOURCE=path of the Natural Earth zip
	$(BIN)/python scripts/reference/build_iso_table.py
	$(BIN)/python scripts/reference/build_countries.py $(SOURCE)
	$(BIN)/python scripts/reference/build_places.py
	$(BIN)/python scripts/reference/build_time_zones.py
	$(BIN)/python scripts/reference/build_population.py $(SOURCE)
	$(BIN)/python scripts/reference/seal.py

clean: ## Remove the virtual environment and caches
	rm -rf .venv .venv-newest .venv-readers .venv-floors .pytest_cache .mypy_cache .ruff_cache .hypothesis
