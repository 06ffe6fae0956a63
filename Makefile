# Every target works on a fresh machine with Python 3.11 or newer and make; it builds .venv itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs bench stress screens clients bundle bundle-check clean

help: ## show this list
	@echo "make TARGET, where TARGET is one of:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## watch an agent rent a GPU and a person decide (--yes answers where there is no terminal)
	@$(BIN)/python -m novita_mcp demo $$([ -t 0 ] || echo --yes) $(ARGS)

test: $(VENV)/.dev ## everything that must hold: lint, format, types, tests
	@$(MAKE) --no-print-directory lint
	@echo "== tests"
	@$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(VENV)/.dev ## style, format and types
	@echo "== ruff check"
	@$(BIN)/ruff check .
	@echo "== ruff format"
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy

format: $(VENV)/.dev ## put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## write what the server says of itself into README.md and manifest.json
	@$(BIN)/python -m tests.published

bench: $(VENV)/.dev ## print start-up times and tokens per tool and result
	@$(BIN)/python -m bench

stress: $(VENV)/.dev ## break 500 creates in every way known, and count instances (minutes)
	@$(BIN)/python -m tests.stress.storm $(ARGS)

screens: $(VENV)/.dev ## show the approval page in a real Chromium; pictures land in build/screens (needs chromium)
	@$(BIN)/python -m pytest tests/page/test_browser.py -m browser --screenshots build/screens $(ARGS)

clients: $(VENV)/.dev ## let real clients of every era rent a simulated GPU (needs Node.js)
	@$(BIN)/python -m tests.clients.run $(ARGS)

bundle: bundle-check ## pack dist/novita-mcp.mcpb for one-click installation (needs Node.js)
	@mkdir -p dist
	@npx --yes @anthropic-ai/mcpb pack . dist/novita-mcp.mcpb

bundle-check: ## check manifest.json with the official bundle tool (needs Node.js)
	@npx --yes @anthropic-ai/mcpb validate manifest.json

clean: ## remove everything that the other targets made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@
