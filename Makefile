# Everything runs in .venv, made on first use. Only python3 (3.11 or newer) and python3-venv are needed.
#
#   make demo          two peers meet through a real server and talk
#   make cluster-demo  three servers on one Redis, one of them killed (needs redis-server)
#   make test          the tests, fast ones first
#   make check         format, lint, types, import contracts, tests
#   make format        format, and mend what the linter can mend
#   make docs          write docs/api.md and the drawings anew, from docstrings and docs/drawings/*.txt
#   make screenshot    make docs/terminal.svg anew, the picture of the full-screen chat
#   make bench         the benchmarks: one line of JSON a figure
#   make mutants       takes away one check of the encryption at a time: does a test notice? (minutes)
#   make campaign      seeded lives of rooms under every fault: SEEDS=5000 of them, or SEED=123 shown step by step
#   make soak          peers come and go and nothing is lost: 30 minutes, or MINUTES=2 (SEED=7 for what SEED=7 did)
#   make clean         remove .venv and all that tools have left
#
# Another interpreter: make PYTHON=python3.12 test. Tests one after the other: make WORKERS=0 test

PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet install --constraint constraints.txt
LINES  ?=
ONLY   ?=
MINUTES ?= 30
SEEDS  ?= 300
SEED   ?=
# One test process more than there are cores, as many tests wait; they take tests in the order of tests/conftest.py.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PYTEST := $(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder
# link runs bulk, connect and throughput.
BENCHMARKS := $(wildcard $(patsubst %,benchmarks/%.py,bare cluster crypto join link log round_trip signaling))

# Else each of the hundreds of Pythons that tests start would compile all it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo cluster-demo test check format docs bench mutants screenshot campaign soak clean remake

help:
	@sed -n 's/^#   make /  make /p' Makefile

# The stamp names folder and interpreter. Where it does not fit - a set-up broken off, a moved folder, an upgraded
# Python - .venv is made anew; where it fits but is older than pyproject.toml, .venv is brought up to date.
MADE_FOR := $(CURDIR) $(shell { $(BIN)/python -V; } 2>/dev/null)
STAMP   := $(shell cat .venv/ready 2>/dev/null)
ifneq ($(STAMP),$(MADE_FOR))
  .venv/ready: remake
else ifneq ($(origin PYTHON),file)
  ifneq ($(CURDIR) $(shell { $(PYTHON) -V; } 2>/dev/null),$(MADE_FOR))
    .venv/ready: remake
  endif
endif

remake:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "$(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than 3.11; name another one: make PYTHON=python3.11" >&2; exit 1; }
	@echo "setting up .venv with $$($(PYTHON) -V), once (about 15 s)" >&2
	@$(PYTHON) -m venv --clear .venv || { echo "no venv: apt-get install python3-venv" >&2; exit 1; }

# The runtime alone for the demo; the tools on top of it for the tests.
.venv/ready: pyproject.toml constraints.txt
	@rm -f $@
	@$(PIP) --editable '.[all]'
	@echo "$(CURDIR) $$($(BIN)/python -V)" > $@

.venv/ready-dev: .venv/ready
	@echo "adding the test tools to .venv, once" >&2
	@$(PIP) --editable '.[dev]'
	@touch $@

demo: .venv/ready
	@$(BIN)/python examples/demo.py $(LINES)

cluster-demo: .venv/ready
	@$(BIN)/python examples/cluster_demo.py

test: .venv/ready-dev
	$(PYTEST)

check: .venv/ready-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-cache
	$(PYTEST)

format: .venv/ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/ready
	@$(BIN)/python -m tests.documents.api
	@$(BIN)/python -m tests.documents.drawings

screenshot: .venv/ready-dev
	@$(BIN)/python -m tests.documents.screenshot --size 100x26 docs/terminal.svg

bench: .venv/ready
	@for file in $(BENCHMARKS); do $(BIN)/python $$file || exit 1; done

mutants: .venv/ready-dev
	$(BIN)/python -m tests.mutants $(ONLY)

campaign: .venv/ready-dev
	@$(BIN)/python -m tests.campaign $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

soak: .venv/ready-dev
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .grimp_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
