.DEFAULT_GOAL := help
.PHONY: help setup run test check audit lock docs bench bench-full bench-parts bench-cluster bench-growth clean
PORT ?= 8080
PYTEST_ARGS ?=
PY := .venv/bin/python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## the Python environment in .venv/ and the web console, everything locked
	@bash scripts/setup.sh
	@bash scripts/setup_console.sh

run: setup ## the demo: a simulated cloud and the service, on http://127.0.0.1:8080 (PORT= changes it)
	@exec .venv/bin/cmlfleet demo --port $(PORT)

test: setup ## set-up, every check, every test
	@bash scripts/test_tools.sh
	@$(MAKE) --no-print-directory check
	@cd console && npm run --silent test
	@bash scripts/browser_tests.sh
	@PATH="$(CURDIR)/.tools/usr/bin:$$PATH" .venv/bin/pytest -q -n 2 --dist loadfile $(PYTEST_ARGS)

check: setup ## lint, types, layers, the API document and what is made of it, dead links
	@.venv/bin/ruff check -q
	@.venv/bin/ruff format -q --check
	@.venv/bin/basedpyright --level error
	@.venv/bin/lint-imports --no-cache > .cache/layers.txt || { cat .cache/layers.txt; exit 1; }
	@$(PY) scripts/check_links.py
	@$(PY) scripts/check_hygiene.py
	@$(PY) scripts/check_security.py
	@$(PY) -m cmlfleet.api.openapi --check docs/reference/openapi.json
	@$(PY) -m scripts.reference_pages --check
	@bash scripts/check_console.sh

audit: setup ## known vulnerabilities of what is locked; asks OSV and the npm registry
	@bash scripts/audit.sh

docs: setup ## the reference pages that are made from the code
	@$(PY) -m cmlfleet.api.openapi > docs/reference/openapi.json
	@$(PY) -m scripts.reference_pages
	@cd console && npm run --silent types

lock: ## choose versions anew and write requirements.lock
	@UV_CACHE_DIR="$(CURDIR)/.cache/uv" .venv/bin/uv pip compile -q pyproject.toml --group dev --universal \
		--generate-hashes --no-emit-index-url --no-header --upgrade -o requirements.lock

bench: setup ## ours, the floor and a thread pool side by side: 1,000 workers, about eight minutes
	@$(PY) -m bench.comparison

bench-full: setup ## 10,000 workers for ten minutes, and two smaller fleets: about half an hour
	@$(PY) -m bench.full

bench-parts: setup ## the start, refreshes all at once and one alone, and an idle service
	@$(PY) -m bench.run

bench-cluster: setup ## two worker processes against one: about three minutes
	@$(PY) -m bench.cluster

bench-growth: setup ## a thousand workers appear at once and are terminated at once: about six minutes
	@$(PY) -m bench.growth

clean: ## back to a fresh clone
	@rm -rf console/node_modules src/cmlfleet/console build .venv .cache .tools .cmlfleet .pytest_cache .ruff_cache .hypothesis .import_linter_cache bench/results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
