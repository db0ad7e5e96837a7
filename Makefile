# Everything runs in .venv, made on first use. Only python3 and python3-venv are needed.
#
#   make demo     two peers meet through a real server and talk
#   make test     the tests, fast ones first
#   make check    format, lint, types, import contracts, tests
#   make bench    the benchmarks: one line of JSON a figure

PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet install --constraint constraints.txt
LINES  ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench clean

help:
	@sed -n 's/^#   make /  make /p' Makefile

# The runtime alone for the demo; the tools on top of it for the tests.
.venv/ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@echo "setting up .venv, once (about 15 s)" >&2
	@$(PYTHON) -m venv .venv || { echo "no venv: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) --editable '.[all]'
	@touch $@

.venv/ready-dev: .venv/ready
	@echo "adding the test tools to .venv, once" >&2
	@$(PIP) --editable '.[dev]'
	@touch $@

demo: .venv/ready
	@$(BIN)/python examples/demo.py $(LINES)

test: .venv/ready-dev
	$(BIN)/python -m pytest -q -m "not rtc and not redis and not turn and not browser and not container"
	$(BIN)/python -m pytest -q -m "rtc or redis or turn or browser or container"

check: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(MAKE) --no-print-directory test

format: .venv/ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/ready
	@for file in benchmarks/[a-z]*.py; do $(BIN)/python $$file || exit 1; done

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
