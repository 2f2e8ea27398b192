# Every target works alone, from a fresh clone, and twice.
PYTHON ?= python3
BIN := .venv/bin
# Other people's start-up time is most of a short run: keep compiled bytecode.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test test-slow faults differences soak engines bench docs lock

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

install: .venv/.installed ## make .venv with pathways, dbt and dlt in .venv/bin

.venv/.installed: constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Python 3.11 to 3.13 is needed, found {sys.version.split()[0]}. Name another: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p -m 700 .pathways
	@touch $@

demo: install ## two cycles on a made-up world, beside its truth; no account needed
	@$(BIN)/pathways demo

test: install ## style checks and the test suite
	@$(BIN)/python -m pytest

test-slow: install ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow

faults: install ## every fault of Meta's, what came of it, and whether the numbers are right
	@$(BIN)/python -m pytest tests/promises/test_faults.py -m "slow or not slow" -n 0 -s

differences: install ## seeded differences, the cause expected of each and the one that explain names
	@$(BIN)/python -m pytest tests/promises/test_explain_corpus.py -m slow -n 0 -s

soak: install ## a month of cycles, an hour and more; writes bench/soak.json
	@$(BIN)/python -m pytest tests/promises -m soak -n 0 -s

engines: install ## the models on Postgres and Spark, equal to DuckDB row for row; says what it lacks
	@$(BIN)/python -m pytest tests/warehouse/test_engines.py -m engines -n 0 -rs -s

bench: install ## benchmarks; writes bench/*.json and a table
	@$(BIN)/python -m pytest tests/bench -m bench -n 0 -s

docs: install ## the documentation with lineage, in one HTML file
	@$(BIN)/pathways docs

lock: install ## renew constraints.txt from the ranges in pyproject.toml
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header \
		--extra dev pyproject.toml -o constraints.txt
