# make demo   the experiment on this machine         (make demo ARGS='--quick' passes options on)
# make test   every test, with real servers and a real PostgreSQL, and the coverage gate
# make lint   linters, types, imports
# make check  everything that needs no server: lint and the pure tests
# make bench  speed, side by side with the peers; needs a quiet machine and no test asserts on it
# make servers  every server against gunicorn, 20 minutes: the table in docs/servers.md

PYTHON ?= python3
DEMO := .venv/demo
TEST := .venv/test
BENCH := .venv/bench
PIP := -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
SOURCES := pyproject.toml guest/pyproject.toml constraints.txt

# Hundreds of processes import us while we are tested: compile once, whatever the machine prefers.
# What wants the machine for itself comes first: its one process compiles the tests for the four.
test check: export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check lint bench servers clean

demo: $(DEMO)/.installed
	$(DEMO)/bin/whereasync demo $(ARGS)

test: $(TEST)/.installed
	rm -f .coverage*
	$(TEST)/bin/coverage run -m pytest -m alone $(ARGS)
	$(TEST)/bin/coverage run -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder -m 'not alone' $(ARGS)
	$(TEST)/bin/coverage combine --quiet
	$(TEST)/bin/coverage report

check: lint
	$(TEST)/bin/python -m pytest -m 'not server' $(ARGS)

lint: $(TEST)/.installed
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy
	$(TEST)/bin/lint-imports

bench: $(BENCH)/.installed
	$(BENCH)/bin/python benchmarks/recorder_truth.py
	$(BENCH)/bin/python benchmarks/load_client.py
	$(BENCH)/bin/python benchmarks/send_lag.py
	$(BENCH)/bin/python benchmarks/async_clients.py
	$(BENCH)/bin/python benchmarks/inventory.py
	$(BENCH)/bin/python benchmarks/stand_ins.py

servers: $(BENCH)/.installed
	$(BENCH)/bin/python benchmarks/servers.py $(ARGS)

$(DEMO)/.installed: $(SOURCES) $(shell find src guest/src -type f -not -path '*/__pycache__/*')
	$(call environment,$(DEMO))
	$(DEMO)/bin/python $(PIP) --force-reinstall --no-deps ./guest .
	$(DEMO)/bin/python $(PIP) ./guest '.[demo,report,servers,stand-ins]'
	touch $@

$(TEST)/.installed: $(SOURCES)
	$(call environment,$(TEST))
	$(TEST)/bin/python $(PIP) --editable ./guest --editable '.[demo,report,servers,stand-ins]' --group dev
	touch $@

$(BENCH)/.installed: $(SOURCES)
	$(call environment,$(BENCH))
	$(BENCH)/bin/python $(PIP) --editable ./guest --editable '.[demo,servers,stand-ins]' --group bench
	touch $@

define environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'whereasync needs Python 3.11 or newer: make PYTHON=python3.13 $@'; exit 2; }
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	@$(1)/bin/python $(PIP) --upgrade pip
endef

clean:
	rm -rf .venv .coverage* .mypy_cache .pytest_cache .ruff_cache build dist
