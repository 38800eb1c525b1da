# Two commands are enough on a fresh machine: `make demo`, then `make ui`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
HOST ?= 127.0.0.1
UI_PORT ?= 3000
DOCS_PORT ?= 8080
GAUNTLET_PLANS ?= 5000
SEEDS ?= 50
OTHER ?= 10
NIGHTS ?= 26
LOCK_FLAGS ?=
NAME ?=
BY_FILE ?=

BIN := .venv/bin
INSTALLED := .venv/.installed

# `dg` compares this with the interpreter it runs on.
export VIRTUAL_ENV := $(CURDIR)/.venv

# The configuration in force: AFFILIATE_CONFIG, else the brand's own file, else the one the demo has written.
FOUND := $(firstword $(wildcard affiliate.toml data/demo/affiliate.toml))
CONFIG := $(or $(AFFILIATE_CONFIG),$(if $(FOUND),$(CURDIR)/$(FOUND)))
NO_CONFIG := No configuration yet: run 'make demo', or copy affiliate.toml.example to affiliate.toml.
NEEDS_CONFIG = [[ -n "$(CONFIG)" ]] || { echo "$(NO_CONFIG)"; exit 2; }
OLD_PYTHON := Python 3.11 to 3.13 is needed: make PYTHON=python3.12 …
WAREHOUSE := from affiliate_assets.settings import load_settings; print(load_settings().warehouse)
READ_ENV = if [[ -f .env ]]; then set -a; . ./.env; set +a; fi

.PHONY: help install demo ui docs network test lint format gauntlet accuracy oracles bench compare lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(INSTALLED) ## Create .venv with the locked dependencies and the `affiliate` command

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] < (3, 14) else "$(OLD_PYTHON)")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: export DAGSTER_HOME := $(CURDIR)/dagster_home
demo: install ## Run the whole pipeline for a simulated brand and print what came out
	@$(BIN)/affiliate demo

ui: export DAGSTER_HOME := $(CURDIR)/dagster_home
ui: install ## Open the Dagster UI on the same instance (UI_PORT=3000)
	@$(NEEDS_CONFIG); $(READ_ENV); echo "Dagster UI: http://$(HOST):$(UI_PORT)"; \
	AFFILIATE_CONFIG="$(CONFIG)" exec $(BIN)/dg dev -w workspace.yaml -h $(HOST) -p $(UI_PORT)

docs: install ## Build and serve the dbt documentation (DOCS_PORT=8080)
	@$(NEEDS_CONFIG); export AFFILIATE_CONFIG="$(CONFIG)"; \
	AFFILIATE_WAREHOUSE="$$($(BIN)/python -c '$(WAREHOUSE)')"; \
	export AFFILIATE_WAREHOUSE; \
	[[ -f "$$AFFILIATE_WAREHOUSE" ]] || { echo "No warehouse yet: run 'make demo' or 'affiliate run' first."; exit 2; }; \
	cd dbt_project; ../$(BIN)/dbt --quiet docs generate --profiles-dir .; \
	echo "dbt documentation: http://$(HOST):$(DOCS_PORT)"; \
	exec ../$(BIN)/dbt --quiet docs serve --profiles-dir . --no-browser --host $(HOST) --port $(DOCS_PORT)

network: install ## Write the files of a new network (NAME=lower_snake_case, BY_FILE=1), and docs/networks.md anew
	@$(BIN)/affiliate network $(NAME) $(if $(BY_FILE),--by-file) && $(BIN)/affiliate network --docs

lint: install ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# In the order of collection: files with few but long tests would come last otherwise, and one worker would wait.
test: lint ## Run everything the CI runs: lint, types, definitions, tests
	AFFILIATE_CONFIG=affiliate.toml.example $(BIN)/dg check defs
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

gauntlet: install ## Pull through 5,000 random plans of faults (GAUNTLET_PLANS=5000)
	GAUNTLET_PLANS=$(GAUNTLET_PLANS) $(BIN)/pytest -n 2 --dist loadfile --timeout 36000 tests/gauntlet

accuracy: install ## Measure the models against worlds with known truth, write docs/accuracy.md (SEEDS=50)
	SEEDS=$(SEEDS) OTHER=$(OTHER) NIGHTS=$(NIGHTS) $(BIN)/python -m tests.accuracy

# Environments of others keep a copy of the requirements that they were made of.
ORACLES := tests/oracles/.venv
# The source archive of ChannelAttribution holds its path data; the installed package does not.
$(ORACLES)/requirements.txt: tests/oracles/requirements.txt
	$(PYTHON) -m venv --clear $(ORACLES)
	$(ORACLES)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	$(ORACLES)/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary ChannelAttribution \
		--dest $(ORACLES)/sources "$$(grep ^ChannelAttribution $<)"
	@cp $< $@

oracles: install $(ORACLES)/requirements.txt ## Compare the attribution models, in SQL and Python, with independent ones
	$(BIN)/pytest -n 0 tests/oracles

PEERS := benchmarks/peers/.venv
$(PEERS)/requirements.txt: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@cp $< $@

bench: install $(PEERS)/requirements.txt ## Measure page → raw → valid → marts beside floors and a peer
	$(BIN)/python -m benchmarks --peer $(PEERS)/bin/python

compare: install $(PEERS)/requirements.txt ## Compare matching with datacompy on random frames
	$(BIN)/pytest -n 0 tests/dbt/test_datacompy.py

lock: ## Resolve requirements.lock again with `uv` from the path (LOCK_FLAGS=--upgrade for newer versions)
	uv pip compile --quiet --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --group dev $(LOCK_FLAGS) pyproject.toml -o requirements.lock

clean: ## Remove caches and build results; data, settings and .venv stay
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist dbt_project/target dbt_project/logs logs
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
