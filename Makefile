# The commands of the project. `make help` lists them.
# Two environments: .venv (the gateway, Python >= 3.11) and nlu_data/.venv (Rasa, Python 3.10).

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

UV_VERSION := 0.13.8
UV := .tools/bin/uv
PY := .venv/bin/python
MOTCUA := .venv/bin/motcua
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1
export RASA_TELEMETRY_ENABLED := false

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

.PHONY: run
run: install train ## install, train if the data changed, start the assistant with the web chat
	@exec $(MOTCUA) serve

.PHONY: install
install: .venv/.installed nlu_data/.venv/.installed ## both environments

.PHONY: train
train: install ## train the model if its data changed
	@$(MOTCUA) train

.PHONY: frames
frames: .venv/.installed ## write the training files that are made of frames and of asked questions
	$(PY) nlu_data/frames.py

.PHONY: fit
fit: install .venv/.dev train ## fit the weights of the search on the calibration questions
	$(PY) -m benchmarks.fit_search

.PHONY: thresholds
thresholds: install .venv/.dev train ## try other thresholds of the search on the calibration questions
	$(PY) -m benchmarks.fit_thresholds

.PHONY: accept
accept: install train ## measure the test questions and take the figures for the accepted ones
	$(MOTCUA) evaluate tests/understanding/test.jsonl --today 2026-11-24 --json tests/understanding/accepted.json

.PHONY: check
check: .venv/.dev ## lint, types, import rules, knowledge base
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(MOTCUA) kb check

.PHONY: test
test: install .venv/.dev check train browser ## everything that must pass before a change lands
	.venv/bin/pytest

.PHONY: bench
bench: install .venv/.dev train ## benchmarks, one table, ratios against stock Rasa
	$(PY) -m benchmarks

.PHONY: fake-channels
fake-channels: install .venv/.dev train ## try Telegram and Zalo offline, with stand-ins, by typing
	@$(PY) -m tests.fakes

.PHONY: browser
browser: .venv/.dev ## find or install the Chromium of the browser tests
	@$(PY) -m tests.browser.chromium

.PHONY: lock
lock: $(UV) ## renew the pins (requirement files with hashes)
	$(UV) pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate pyproject.toml -o requirements.txt
	$(UV) pip compile -q --upgrade --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt
	$(UV) pip compile -q --upgrade --python-version 3.10 --generate-hashes --no-header --no-emit-index-url --no-annotate nlu_data/requirements.in -o nlu_data/requirements.txt

.PHONY: clean
clean: ## remove environments, models and the local database
	rm -rf .tools .venv nlu_data/.venv nlu_data/models var .mypy_cache .ruff_cache .pytest_cache

$(UV):
	@for python in python3.11 python3.12 python3.13 python3; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or newer was not found on PATH; install it and run make again." >&2; exit 1; fi; \
	echo "Making the tools environment with $$found"; \
	$$found -m venv .tools && .tools/bin/pip install -q uv==$(UV_VERSION)

.venv/.installed: $(UV) requirements.txt pyproject.toml
	@echo "Installing the gateway's environment (.venv)"
	@[ -x .venv/bin/python ] || $(UV) venv -q --python .tools/bin/python .venv
	@$(UV) pip install -q --python $(PY) --require-hashes -r requirements.txt
	@$(UV) pip install -q --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.installed requirements-dev.txt
	@echo "Installing the tools of the tests (.venv)"
	@$(UV) pip install -q --python $(PY) --require-hashes -r requirements-dev.txt
	@touch $@

# The interpreter is looked for inside nlu_data, where .python-version says 3.10: pyenv and uv both honour it.
nlu_data/.venv/.installed: $(UV) nlu_data/requirements.txt
	@echo "Installing Rasa's environment (nlu_data/.venv)"
	@cd nlu_data && { [ -x .venv/bin/python ] || ../$(UV) venv -q --python python3.10 .venv || { \
	  echo "Python 3.10 was not found on PATH; install it and run make again." >&2; exit 1; }; }
	@$(UV) pip install -q --python nlu_data/.venv/bin/python --require-hashes -r nlu_data/requirements.txt
	@touch $@
