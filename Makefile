# Every task of the project; `make` alone lists them. ARGS is handed on where a target says so.

SHELL := bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
NEXTEST := $(shell cargo nextest --version > /dev/null 2>&1 && echo yes)
FILTER ?=

.PHONY: help run check test test-slow frameworks loom deps compat bench bench-peers docs

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
	  while IFS=$$'\t' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

run: ## build the release binary and serve on 127.0.0.1:6379 (ARGS="redis.conf --port 7000")
	cargo run --release --bin nyala -- $(ARGS)

check: ## format, clippy with warnings denied, docs with broken links denied
	cargo fmt --all --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --no-deps --document-private-items

deps: ## install what the tests need from Debian (redis-server, redis-tools, tcl), or say what is missing
	@scripts/tests-need

test: deps ## unit, property, command, server and differential tests, doc tests, each bench once (FILTER=name)
ifeq ($(NEXTEST),yes)
	cargo nextest run --no-tests=warn $(FILTER)
else
	cargo test --lib --bins --tests -- $(FILTER)
endif
	cargo test --doc
	cargo test --quiet --benches

loom: ## every interleaving of small programs over the shards' locks
	cargo test --features loom --test loom_shards

test-slow: deps ## the tests that are marked as slow, and the frameworks
ifeq ($(NEXTEST),yes)
	cargo nextest run --profile slow --run-ignored only --no-tests=warn $(FILTER)
else
	cargo test --lib --bins --tests -- --ignored $(FILTER)
endif
	$(MAKE) frameworks

frameworks: ## BullMQ, Celery, RQ, redis-py, node-redis, ioredis and Django on a spawned Nyala (ONLY=name SERVER=/path)
	tests/frameworks/run.sh

compat: deps ## Redis's own Tcl suite against Nyala (FILES="unit/expire ..." UPDATE=1 SERVER=/path PROFILE=quick)
	tests/compat/run.sh

bench: ## the criterion benches (ARGS="resp" for one by name)
	cargo bench -- $(ARGS)

bench-peers: deps ## Nyala beside redis-server under redis-benchmark (PEERS="name=/path ..." ROWS= ROUNDS= QUICK=1)
	cargo build --release --bin nyala
	python3 -B benches/peers/run.py

docs: ## build the pages of the crate, with private items
	cargo doc --no-deps --document-private-items
