# What can be done with this checkout. Every step is skipped when nothing it depends on has changed; the stamps are in
# .build/, long outputs in .build/log/. ARGS passes arguments on: make demo ARGS="--port 9000", make test ARGS="-k audit".
PYTHON ?= python3
ARGS ?=

UV_VERSION := 0.13.9
NODE_VERSION := 24.19.0
PNPM_VERSION := $(shell sed -nE 's/.*"packageManager": "pnpm@([^"]+)".*/\1/p' dashboard/package.json)

UV := .tools/bin/uv
PNPM := tools/setup/pnpm
STEP := tools/setup/step

PYPROJECTS := pyproject.toml $(wildcard packages/*/pyproject.toml) bench/pyproject.toml
DASHBOARD := $(shell find dashboard -type f -not -path '*/node_modules/*' -not -path 'dashboard/dist/*' 2>/dev/null)
AGENT := $(shell find packages/agent/src packages/wire/src packaging/linux -type f -not -name '*.pyc' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup demo up test check bench generate format build clean system-packages
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: .build/python .build/dashboard .build/bundle ## everything needed to run: Python, dashboard, agent bundle
	@true

demo: setup ## run GuruRMM with a demo Partner, this machine in it, and 25 simulated ones
	@exec .venv/bin/gururmm demo --data .demo $(ARGS)

up: setup ## run GuruRMM for yourself (gururmm up)
	@exec .venv/bin/gururmm up $(ARGS)

test: setup system-packages ## everything CI runs: lint, types, contracts, unit, integration, browser, faults
	@tools/setup/test $(ARGS)

check: .build/python .build/pnpm ## lint, types, contracts: no test is run
	@tools/setup/check

bench: setup ## figures, targets and floors, side by side (ARGS="storm --reconnects 500" for some)
	@tools/setup/system-packages bench
	@.venv/bin/python -m gururmm_bench $(ARGS)

generate: .build/python .build/pnpm ## the API's description and the dashboard's types, from the routes
	@cd dashboard && ../$(PNPM) --silent generate

format: .build/python .build/pnpm ## put the code into its one format
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .
	@cd dashboard && ../$(PNPM) --silent format

build: setup ## the dashboard, the agent bundle and the Python packages, in dist/
	@$(STEP) "Python packages" $(UV) build --all-packages --wheel --out-dir dist/wheels

clean: ## take away what was built; data (.demo) and environments stay
	rm -rf .build dist dashboard/dist .mypy_cache .ruff_cache .import_linter_cache

system-packages:
	@tools/setup/system-packages tests

.build/uv-$(UV_VERSION):
	@$(STEP) "uv $(UV_VERSION)" tools/setup/uv $(PYTHON) $(UV_VERSION)
	@touch $@

.build/python: .build/uv-$(UV_VERSION) uv.lock $(PYPROJECTS)
	@$(STEP) "Python dependencies" tools/setup/python $(PYTHON)
	@touch $@

.build/node-$(NODE_VERSION): .build/uv-$(UV_VERSION)
	@$(STEP) "Node $(NODE_VERSION)" tools/setup/node $(NODE_VERSION)
	@touch $@

.build/pnpm-$(PNPM_VERSION): .build/node-$(NODE_VERSION)
	@$(STEP) "pnpm $(PNPM_VERSION)" tools/setup/npm install --silent --no-fund --no-audit --prefix .tools/pnpm pnpm@$(PNPM_VERSION)
	@touch $@

.build/pnpm: .build/pnpm-$(PNPM_VERSION) dashboard/package.json dashboard/pnpm-lock.yaml
	@$(STEP) "Dashboard dependencies" $(PNPM) --dir dashboard install --frozen-lockfile
	@touch $@

.build/dashboard: .build/pnpm $(DASHBOARD)
	@$(STEP) "Dashboard" $(PNPM) --dir dashboard build
	@touch $@

.build/bundle: .build/python $(AGENT)
	@tools/setup/bundle $(STEP)
	@[ ! -e dist/agent ] || touch $@
