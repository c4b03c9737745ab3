# The few verbs. Everything they need is installed into .venv from the locks by the first of them.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := book
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := no  # a pip.conf that says user = true fits no environment
unexport PYTHONHOME  # another Python's library stops every other from starting

.PHONY: help book preview check test reproduce lab bench mutate mutate-code faults audit count lint lock clean
.NOTPARALLEL:  # each verb uses all processors by itself
help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 13

book: .venv/.book  ## build _build/html/ and _build/dealing-with-moscow.pdf
	@$(BIN)/python -m publish book

PORT ?= 8000
preview: .venv/.book  ## show the pages at 127.0.0.1:8000 while they are written
	@$(BIN)/python -m publish preview --port $(PORT)

check: .venv/.tests lint  ## while writing: data, rules and units alone (half a minute)
	@$(BIN)/python -m publish check
	@$(BIN)/python -m pytest tests/unit tests/data

test: .venv/.tests lint  ## prove that every table and figure reproduces, and check the book
	@$(BIN)/python -m pytest

reproduce: .venv/.book  ## execute every notebook afresh and compare every output
	@$(BIN)/python -m publish reproduce

lab: .venv/.lab  ## open the notebooks in JupyterLab
	@$(BIN)/python -m jupyterlab --config=book/publish/lab.py book

bench: .venv/.book  ## time this build against the stock one (takes long)
	@$(BIN)/python tests/bench.py

# More: make mutate SAMPLE=2000 SEED=7, make mutate-code MODULES="evidence data", make faults KILLS=500
SAMPLE ?= 400
SEED ?= 2026
KILLS ?= 100
mutate: .venv/.tests  ## how many wrong cells of data/ does some check catch? (ten minutes)
	@$(BIN)/python tests/mutate.py --sample $(SAMPLE) --seed $(SEED)

mutate-code: .venv/.tests  ## do the tests notice a change of the code? (an hour; MODULES="evidence 150": a sample)
	@$(BIN)/python tests/mutate_code.py $(MODULES)

faults: .venv/.tests  ## kill a build a hundred times: is the book always whole? (a quarter of an hour)
	@HOSTILE_KILLS=$(KILLS) HOSTILE_SEED=$(SEED) $(BIN)/python -m pytest -n 0 -s tests/hostile/test_faults.py

audit: .venv/.tests  ## write _build/sbom.json; look the packages up among known vulnerabilities
	@mkdir -p _build
	@$(BIN)/cyclonedx-py requirements --output-reproducible --of JSON -o _build/sbom.json requirements.txt
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements.txt || \
	  { echo "A package is vulnerable, or the register could not be reached: see above." >&2; exit 1; }

count: .venv/.tests  ## how many lines a person who joins reads, part by part
	@$(BIN)/python tests/unit/test_size.py

lint: .venv/.tests  ## style and types of the code
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . && $(BIN)/mypy

lock:  ## renew the locks (needs uv)
	@for in in requirements.in tests/requirements.in tests/lab.in; do \
	  uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	    --no-header --no-annotate $$in -o $${in%.in}.txt; done

clean:  ## remove what was built and installed
	@rm -rf _build .venv

# An environment belongs to a lock, and to an interpreter if one was named: its stamp, written last,
# holds the lock's digest. Anything else, or an install that was interrupted, starts a new one.
LOCK := $(shell cksum < requirements.txt)
ifneq ($(shell cat .venv/.book 2>/dev/null),$(LOCK))
.PHONY: .venv/.book
else ifneq ($(origin PYTHON),file)
ifneq ($(shell "$(PYTHON)" -V 2>&1),$(shell $(BIN)/python -V 2>&1))
.PHONY: .venv/.book
endif
endif

.venv/.book:
	@"$(PYTHON)" -V >/dev/null 2>&1 || { echo "There is no $(PYTHON) on this machine. $(TRY)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is $$("$(PYTHON)" -V 2>&1), but 3.11 or later is needed. $(TRY)" >&2; exit 1; }
	@echo "Installing into .venv (half a minute, once)"
	@rm -rf .venv
	@if command -v uv >/dev/null; then uv venv --quiet --python "$(PYTHON)" .venv; \
	else "$(PYTHON)" -m venv .venv; fi
	@$(call INSTALL,requirements.txt)
	@echo "$(LOCK)" > $@

.venv/.tests: tests/requirements.txt .venv/.book
	@echo "Installing the test tools"
	@$(call INSTALL,$<)
	@touch $@

.venv/.lab: tests/lab.txt .venv/.book
	@echo "Installing JupyterLab"
	@$(call INSTALL,$<)
	@$(BIN)/jupyter labextension disable --level=sys_prefix @jupyterlab/apputils-extension:announcements 2>/dev/null
	@touch $@

TRY = Try: make PYTHON=python3.12 $(MAKECMDGOALS)
# pip compiles what it installs; without that each process might do so anew, which takes seconds.
UV = uv pip install --quiet --compile-bytecode --python $(BIN)/python
INSTALL = if command -v uv >/dev/null; then $(UV) --require-hashes -r $(1); \
	else $(BIN)/pip install --quiet --require-hashes -r $(1); fi
