# `make run` serves, `make test` checks everything; both prepare what they need in .venv first.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links --quiet pyproject.toml -

.PHONY: run install test check lock audit format words screenshots

run: $(VENV)/.run
	@$(BIN)/nlq serve

install: $(VENV)/.run
	@echo "Installed: $(BIN)/nlq"

test: $(VENV)/.dev check
	$(BIN)/python -m pytest --cov --cov-report=term

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Brings the words of the pages in every language up to date: new ones come without a translation.
words: $(VENV)/.dev
	@mkdir -p build
	@$(BIN)/pybabel -q extract -F nlq/translations/extract.cfg -k N_ --no-location --sort-output -o build/words.pot nlq
	@for po in nlq/translations/*.po; do \
		$(BIN)/pybabel -q update -N --ignore-obsolete --ignore-pot-creation-date --no-wrap -l $$(basename $$po .po) \
			-i build/words.pot -o $$po; done

# Makes the pictures of the pages in docs/screenshots anew.
screenshots: $(VENV)/.dev
	$(BIN)/python -m tests.screenshots

# Renews both lock files. setuptools builds the package itself, without a download of its own.
lock: $(VENV)/.made
	$(PIP) install --quiet uv
	echo 'setuptools>=77' | $(COMPILE) --upgrade --output-file requirements.txt
	echo 'setuptools>=77' | $(COMPILE) --upgrade --extra dev --constraint requirements.txt \
		--output-file requirements-dev.txt

# Compares what the lock files name with the known vulnerabilities; pip-audit gets a folder of its own.
audit:
	$(PYTHON) -m venv --clear .audit
	.audit/bin/python -m pip --disable-pip-version-check install --quiet pip-audit
	.audit/bin/pip-audit --disable-pip --require-hashes -r requirements.txt -r requirements-dev.txt

# The stamps let a second call start at once; what a lock file names is checked against its hashes.
# It names every step, so pip resolves nothing: older ones would take newer versions for `package[extra]`.
$(VENV)/.run: $(VENV)/.made requirements.txt pyproject.toml
	@echo "Installing what the service needs (about a minute, once)"
	@$(PIP) install --quiet --no-deps --require-hashes -r requirements.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements-dev.txt pyproject.toml
	$(PIP) install --quiet --no-deps --require-hashes -r requirements-dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is not complete: install it (Debian, Ubuntu: apt-get install python3-venv)."; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@
