# Two commands matter: `make run` tries the product out, `make test` checks all of it.
# Each makes its own virtual environment in .venv first; PORT=, HOST= and ARGS= are read.
.DEFAULT_GOAL := help
.PHONY: help run test test-fast test-postgres test-browser fuzz vercel-check lint types format lock postgres bench bench-quick bench-growth bench-pages clean
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

PYTHON := .venv/bin/python
CHECK := $(PYTHON) -m scripts.check
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

run: ## try it out: SQLite, demo shops, http://127.0.0.1:8000 (PORT=, HOST=)
	@scripts/venv.sh run
	@exec $(PYTHON) -m scripts.run

test: ## everything: lint, types, contract, Vercel, browser, SQLite, PostgreSQL
	@scripts/venv.sh dev
	@$(CHECK)

test-fast: ## the tests on SQLite alone (ARGS="tests/sales -k refund")
	@scripts/venv.sh dev
	@$(CHECK) sqlite --pytest='$(ARGS)'

test-postgres: ## the tests on PostgreSQL through PgBouncer alone (ARGS=)
	@scripts/venv.sh dev
	@$(CHECK) postgres --pytest='$(ARGS)'

test-browser: ## the browser tests alone (ARGS=)
	@scripts/venv.sh dev
	@$(CHECK) browser --pytest='$(ARGS)'

fuzz: ## 100 made-up requests for each operation of the API (EXAMPLES=; above 100 also edge cases)
	@scripts/venv.sh dev
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),100) $(PYTHON) -m pytest tests/contract/test_schemathesis.py -q -s

vercel-check: ## build as Vercel does, and run the result with and without a database
	@scripts/venv.sh dev
	@$(CHECK) vercel

lint: ## rules, format and templates
	@scripts/venv.sh dev
	@$(CHECK) lint

types: ## mypy
	@scripts/venv.sh dev
	@$(CHECK) types

format: ## mend what can be mended by itself
	@scripts/venv.sh dev
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .

lock: ## compile requirements*.in; UPGRADE=1 looks for newer versions of what they leave open
	@scripts/venv.sh dev
	@$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements.txt requirements.in
	@$(LOCK) $(if $(UPGRADE),--upgrade) -o requirements-dev.txt requirements-dev.in
	@$(LOCK) $(if $(UPGRADE),--upgrade) -o bench/peer/requirements.txt bench/peer/requirements.in

postgres: ## keep a PostgreSQL with PgBouncer running for a day's work, and print its environment
	@scripts/venv.sh dev
	@$(PYTHON) scripts/postgres.py up

bench: ## ten minutes: how near to the database's own limit, and to django-oscar (ARGS=)
	@scripts/venv.sh dev
	@$(PYTHON) -m bench $(ARGS)

bench-quick: ## the same in two minutes: what is counted holds, what is timed does not
	@scripts/venv.sh dev
	@$(PYTHON) -m bench --quick $(ARGS)

bench-growth: ## how cost grows with sales and businesses (ARGS="--steps 10:10000,200:10000000")
	@scripts/venv.sh dev
	@$(PYTHON) -m bench.growth $(ARGS)

bench-pages: ## every page of a business of 100,000 products and a million sales (ARGS=)
	@scripts/venv.sh dev
	@$(PYTHON) -m bench.pages $(ARGS)

clean: ## remove the virtual environment and caches; var/ with its data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
