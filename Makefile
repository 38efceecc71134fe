# Everything starts here. Set-up needs Python 3.11+ and Node 20+ and asks for nothing else;
# a step of it is done again only when what it was made from has changed (tools/set_up.py).

set_up = python="$$(tools/find_python)" && "$$python" tools/set_up.py
python = .venv/bin/python

.PHONY: help run setup build check test format openapi lock drill bench-broker bench-worker

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1#/p' Makefile | column -t -s '#'

run: ## Set up and start Millrace
	@$(set_up) run && exec .venv/bin/millrace up

setup: ## Set up, tools for developers and browser tests included
	@$(set_up) test

build: ## Build the frontend
	@$(set_up) run

check: ## Format, lint, types, contracts, unit tests
	@$(set_up) check && exec $(python) tools/check.py check

test: ## Everything: check, stores, flow, faults, build, browser
	@$(set_up) test && exec $(python) tools/check.py test

format: ## Put Python and TypeScript into shape
	@$(set_up) check
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .
	@npm --prefix frontend run --silent format
	@npm --prefix e2e run --silent format

openapi: ## Write openapi.json from the API, and the frontend's types from it
	@$(set_up) check && exec $(python) tools/contract.py write

lock: ## For maintainers: pin Python's packages again (UPGRADE=1 takes newer versions)
	@python="$$(tools/find_python)" && exec "$$python" tools/lock.py $(if $(UPGRADE),--upgrade)

drill: ## For maintainers: every fault in full, a table in bench/results (OPTIONS=-k picks some)
	@$(set_up) test && exec .venv/bin/pytest tests/faults --drill -q -o faulthandler_timeout=600 $(OPTIONS)

bench-broker: ## Measure Millrace's broker beside others (OPTIONS=--help says how to measure less)
	@$(set_up) bench && exec $(python) -m bench.broker $(OPTIONS)

bench-worker: ## Measure a whole worker: its memory job after job, its cost at rest (OPTIONS=--help)
	@$(set_up) check && exec $(python) -m bench.worker $(OPTIONS)
