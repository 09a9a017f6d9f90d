# Two commands matter: `make up` and `make test`.  Nothing is needed first but Python 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
# Compiled once here, every start is twice as fast and a process 5 MB smaller; a file that is no Python of this version is passed by.
COMPILE := @$(BIN)/python -m compileall -qq -j 0
CATALOGUES := $(wildcard src/qaitar/locale*/*/LC_MESSAGES/*.po)

.DEFAULT_GOAL := help
.PHONY: audit companion help hosts mutants up test fast lint types arch check prove pictures screens clean browser messages

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  \1\t/' | expand -t 14

$(VENV)/uv: requirements/uv.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/run: $(VENV)/uv requirements/run.txt pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	$(COMPILE) $(VENV)/lib src || true
	@touch $@

# Only the sources of the catalogues are committed; what the program reads is compiled whenever they change.
$(VENV)/catalogues: $(VENV)/run $(CATALOGUES)
	@$(BIN)/pybabel --quiet compile --directory src/qaitar/locale --domain django
	@$(BIN)/pybabel --quiet compile --directory src/qaitar/locale_accounts --domain django
	@touch $@

$(VENV)/dev: $(VENV)/run requirements/dev.txt | $(VENV)/catalogues
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(COMPILE) $(VENV)/lib tests || true
	@touch $@

# Wheels exist for Linux on x86-64 only; elsewhere the proof of the parsers says that it was skipped.
$(VENV)/fuzz: $(VENV)/dev requirements/fuzz.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --only-binary :all: --require-hashes -r requirements/fuzz.txt \
	  || echo "No atheris for this system: parsers are not fuzzed."
	@touch $@

# Patroni hands the primary's part over between hosts made of namespaces; it stays out of what the program runs on.
$(VENV)/hosts: $(VENV)/dev requirements/hosts.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/hosts.txt \
	  || echo "No Patroni for this system: the proof of several hosts is skipped."
	@command -v etcd >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq etcd-server >/dev/null; } \
	  || echo "No etcd: install the package 'etcd-server', or the proof of several hosts is skipped."
	@touch $@

up: $(VENV)/run $(VENV)/catalogues ## everything on this machine with a demo shop: database, web, worker, stand-ins
	$(BIN)/qaitar up --demo --port $(PORT)

# The companion is tried in the whole Chromium, everything else in its build without windows where there is one.
browser: ## Chromium for the browser tests (Debian packages), if it is missing
	@{ command -v chromium && command -v chromium-headless-shell; } >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && export DEBIAN_FRONTEND=noninteractive \
	  && apt-get update -qq && apt-get install -y -qq chromium fonts-dejavu-core >/dev/null \
	  && { apt-get install -y -qq chromium-headless-shell >/dev/null 2>&1 || echo "No headless build: the whole Chromium does it all."; }; } \
	  || command -v chromium >/dev/null \
	  || { echo "Browser tests need Chromium: install the package 'chromium' and run again."; exit 1; }

lint: $(VENV)/dev ## ruff: rules and format
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

types: $(VENV)/dev ## mypy strict
	$(BIN)/mypy

arch: $(VENV)/dev ## import-linter contracts
	$(BIN)/lint-imports

check: lint types arch ## the gates that need no database

fast: $(VENV)/dev ## pure tests only
	$(BIN)/pytest -q tests/kernel tests/returns/test_procedure.py tests/returns/test_policy.py tests/returns/test_control_dates.py tests/returns/test_deadline_guard.py

# Three at once on two cores: somebody always waits for a disk or for a person's pace in a browser.
test: check browser ## everything CI runs, browser included
	$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder --ignore=tests/proofs -m "not long"

prove: $(VENV)/fuzz $(VENV)/hosts ## the long proofs, each named, each printing its figure
	$(BIN)/pytest -q -s tests/proofs
	$(BIN)/pytest -q -m long tests/browser tests/web
	$(BIN)/pytest -q -m hypothesis --hypothesis-profile=new --ignore=tests/proofs

audit: $(VENV)/dev ## known vulnerabilities of the locked packages, and the bill of materials into build/
	$(BIN)/python -m tests.supply

mutants: $(VENV)/dev ## small faults put into the heart one by one: do the tests notice (hours; part="control dates" for one)
	$(BIN)/python -m tests.mutants $(if $(part),"$(part)")

hosts: $(VENV)/hosts ## the proof of docs/scaling.md alone: hosts cut off, the primary lost under load
	$(BIN)/pytest -q -s tests/proofs/recovery/test_several_hosts.py

pictures: $(VENV)/dev browser ## the pictures of README and guide, from a demo shop that really runs
	$(BIN)/python -m tests.pictures

screens: $(VENV)/dev browser ## pictures of every page into var/screens
	$(BIN)/python -m tests.screens

companion: ## the browser companion: packages for Chrome and Firefox into var/companion
	$(PYTHON) companion/pack.py var/companion

messages: $(VENV)/dev ## gather texts for translators and compile the catalogues (GNU gettext is installed if missing)
	@command -v msgfmt >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq gettext >/dev/null; } \
	  || { echo "Catalogues need GNU gettext: install the package 'gettext' and run again."; exit 1; }
	cd src/qaitar && export DJANGO_SETTINGS_MODULE=qaitar.config.settings && ../../$(BIN)/django-admin makemessages -l ru -l kk \
	  --no-wrap --no-obsolete --add-location file -v 0
	@$(MAKE) --no-print-directory $(VENV)/catalogues

clean: ## remove the environment and caches (data stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
