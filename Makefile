# Every command a newcomer needs; `make` lists them.

PYTHON ?= python3
override PORT := $(or $(PORT),8501)
PY := .venv/bin/python

# A stamp says that .venv holds exactly these requirements. It is written last, so an interrupted install leaves none.
digest = $(shell cat $(1) | cksum | cut -d' ' -f1)
RUN_STAMP := .venv/.stamp-$(call digest,requirements.txt)
DEV_STAMP := .venv/.stamp-dev-$(call digest,requirements.txt requirements-dev.txt)

LINT = .venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

.DEFAULT_GOAL := help
.PHONY: help demo setup serve shop check test long bench clean port python FORCE

help: ## List what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile
	@echo "  PORT=8600 serves elsewhere than on 8501; PYTHON=python3.12 chooses the interpreter (3.11 to 3.14)."

demo: port $(RUN_STAMP) ## Install, prepare Newsroom and MovieLens-100K, fit, and open on http://localhost:8501
	@$(PY) -m commands.demo_stamp || $(PY) cli.py demo-data
	@$(MAKE) --no-print-directory serve

setup: $(DEV_STAMP) ## Install everything that running and developing need into .venv

serve: port $(RUN_STAMP) ## Serve what is prepared already
	@echo "Surfaced: http://localhost:$(PORT)   (Ctrl-C stops it)"
	@exec $(PY) -m streamlit run app.py --server.port $(PORT)

shop: $(RUN_STAMP) ## Fetch, prepare and fit Complete Journey, a real shop
	@$(PY) cli.py prepare --workspace complete-journey
	@for model in $$($(PY) cli.py models --offered); do $(PY) cli.py fit --workspace complete-journey --model $$model || exit; done

check test long: export OMP_NUM_THREADS = 1
check: $(DEV_STAMP) ## Lint, types, and the unit and contract tests that take no time
	@$(LINT)
	@$(PY) -m pytest -n 2 --dist loadgroup -m "not slow" tests/unit tests/contract

test: $(DEV_STAMP) ## Lint, types, tests; browser tests where Chromium is found
	@$(LINT)
	@$(PY) -m pytest -n 2 --dist loadgroup -m "not slow"

long: $(DEV_STAMP) ## The long searches for mistakes that `test` leaves out
	@$(PY) -m pytest -n 2 --dist loadgroup -m slow

bench: $(DEV_STAMP) ## Measure the bars and write benchmarks/results/*.json
	@$(PY) -m benchmarks

clean: ## Remove .venv and caches; keeps .surfaced/, your data and models
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Looked at before the long work: a taken port must not show four minutes later.
port: python
	@$(PYTHON) scripts/check_port.py '$(PORT)'

python:
	@$(PYTHON) -c '' 2>/dev/null || \
	  { echo "'$(PYTHON)' cannot be run. Choose an interpreter, for example: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }

# A PYTHON that was asked for by name is compared with the one in .venv each time; the default one only without a stamp.
ASKED := $(if $(filter file,$(origin PYTHON)),,FORCE)

$(RUN_STAMP): $(ASKED) | python
	@$(PYTHON) scripts/check_python.py
	@$(PYTHON) scripts/install.py --stamp $(RUN_STAMP) requirements.txt

$(DEV_STAMP): $(ASKED) | python
	@$(PYTHON) scripts/check_python.py
	@$(PYTHON) scripts/install.py --stamp $(RUN_STAMP) --stamp $(DEV_STAMP) requirements.txt requirements-dev.txt
