# Everything a person or a CI machine does with this repository. `make` alone lists it.
# Each target installs what it needs first; nothing is installed outside .venv but Debian packages, and those by name.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := .venv/bin
ONCE ?=
PYTEST ?= -n 3 --dist loadfile
TORTURE ?=
PASSES ?= 10000

.PHONY: help demo test lint bench bench-ilp soak torture docs screenshots mutants site install install-test lock dist deb sbom rehearse rehearse-deb rehearse-newcomer clean

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: install ## the whole job on a made-up college, until Ctrl-C; ONCE=1: one cycle, a summary, done
	@$(BIN)/nvqsync demo $(if $(filter-out 0,$(ONCE)),--once)

test: install-test lint ## every check and every test
	$(BIN)/python -m pytest $(PYTEST)

lint: install-test ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install-test ## pass time, calls, verdicts a second and memory, for the demo college
	@$(BIN)/python -m bench

bench-ilp: install-test ## the rules engine beside an integer-program solver, which gets an environment of its own
	@tools/ilp-env
	@.venv-ilp/bin/python -m bench.rules_ilp

soak: install-test ## ten thousand passes at accelerated time, nothing may rise; PASSES=200: fewer
	@$(BIN)/python -m tests.soak --passes $(PASSES)

torture: install-test ## export and reconcile killed 500 times under every trouble, and both sides' books compared
	@$(BIN)/python -m tests.torture $(TORTURE)

mutants: install-test ## small wrongs put into the rules engine, and which of them no test notices
	@tools/mutants

docs: install-test ## write the generated documentation anew, and play its examples again
	@tools/docs

site: install-test ## the documentation as pages to read without a network, into build/site; a warning is an error
	@tools/site

screenshots: install-test ## the picture of the queue in the README
	@tools/screenshots

install: ## nvqsync and what it needs, into .venv
	@tools/install run

install-test: ## what the tests need besides: their packages, a browser, systemd's checker
	@tools/install test

lock: ## write requirements/*.txt anew from pyproject.toml; UPGRADE=1: newest versions of everything
	@tools/lock $(if $(UPGRADE),--upgrade)

dist: install ## the wheel and the source archive, the same bytes each time, into dist/
	@tools/wheel

deb: install ## the Debian package, with the distribution's own Python, into dist/
	@tools/deb

sbom: install ## the software bill of materials (CycloneDX), into dist/
	@tools/sbom

rehearse: ## both commands of the README in an empty Debian 12, with times (root, debootstrap)
	@tools/rehearse

rehearse-deb: ## the Debian package built, installed, used, upgraded and removed in empty Debians, with times (root)
	@tools/rehearse-deb

rehearse-newcomer: deb ## docs/newcomers-hour.md typed line by line in an empty Debian, with times (root)
	@tools/newcomers-hour "$$(ls -t dist/nvqsync_*.deb | head -n 1)"

clean: ## remove .venv, every cache and the demo's folder
	rm -rf .venv .venv-ilp demo-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
