.PHONY: help install install-dev run test lint check bench lock

PYTHON ?= python3
UV_VERSION = 0.13.9
VENV = .venv
BIN = $(VENV)/bin

help: ## Show this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1 \2/p' Makefile | awk '{ name = $$1; $$1 = ""; printf "make %-12s%s\n", name, $$0 }'

install: $(VENV)/.installed ## Make .venv from requirements.lock (PYTHON=python3.13 chooses another Python)

install-dev: $(VENV)/.installed-dev ## The same, with what the tests and checks need

run: install ## Serve on http://127.0.0.1:8000, the 2024 plan loaded
	@$(BIN)/tiendo serve

test: install-dev ## The whole suite
	$(BIN)/pytest

lint: install-dev ## Style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

check: lint test ## All that must hold before a change lands: lint and test

bench: install-dev ## Print the figures of speed, and what the drills show
	$(BIN)/python -m bench

lock: $(BIN)/uv ## Pin the newest versions anew
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --upgrade --universal --generate-hashes --python-version 3.11 \
		--custom-compile-command "make lock" --group dev -c requirements.lock -o requirements-dev.lock

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@
