.PHONY: help install install-dev run test e2e help-pictures lint check bench openapi contract lock

PYTHON ?= python3
UV_VERSION = 0.13.9
# uv trusts the certificates of the system, as pip does, also those of an inspecting proxy.
export UV_SYSTEM_CERTS ?= 1
VENV = .venv
BIN = $(VENV)/bin

help: ## Show this list
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/\1 \2/p' Makefile | awk '{ name = $$1; $$1 = ""; printf "make %-14s%s\n", name, $$0 }'

install: $(VENV)/.installed ## Create .venv from requirements.lock (PYTHON=python3.13 selects a Python)

install-dev: $(VENV)/.installed-dev ## Like install, with the development dependencies

run: install ## Serve on http://127.0.0.1:8000 with the 2024 plan
	@$(BIN)/tiendo serve

test: install-dev ## Run all tests
	$(BIN)/pytest

e2e: install-dev ## Run the browser tests (needs Chromium)
	$(BIN)/pytest tests/e2e

help-pictures: install-dev ## Make the pictures of the help page anew (needs Chromium)
	TIENDO_HELP_PICTURES=1 $(BIN)/pytest tests/e2e/test_help_pictures.py

lint: install-dev ## Check style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

check: lint test ## Run lint and test, as required before a merge

bench: install-dev ## Run the benchmarks and drills
	$(BIN)/python -m bench

openapi: install-dev ## Rewrite docs/openapi.json; refuses changes that break clients unnoticed
	$(BIN)/python -m contract.baseline

contract: install-dev contract/.venv/.installed contract/node_modules/.installed ## Check the API against its document (needs Node.js)
	$(BIN)/python -m contract

lock: $(BIN)/uv ## Update the lock files to the newest versions
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" --group dev -c requirements.lock -o requirements-dev.lock
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" contract/requirements.in -o contract/requirements.lock
	npm --prefix contract update --package-lock-only

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'Python lacks its module venv. On Debian and Ubuntu: sudo apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

contract/.venv/.installed: contract/requirements.lock | $(BIN)/uv
	$(BIN)/uv venv --quiet --allow-existing contract/.venv
	VIRTUAL_ENV=contract/.venv $(BIN)/uv pip install --quiet --require-hashes -r contract/requirements.lock
	@touch $@

contract/node_modules/.installed: contract/package-lock.json
	npm --prefix contract ci --no-audit --no-fund --loglevel=error
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
