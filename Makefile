# make run    build everything and start Hubbub with its demo on http://127.0.0.1:8080
# make test   run every test there is
# make dev    start the demo for work on it: the page reloads, the server is rebuilt
# make build  leave the program in target/release/hubbub
# make help   list the rest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Where cargo builds, absolute, for the recipes that change the directory.
ifdef CARGO_TARGET_DIR
override CARGO_TARGET_DIR := $(abspath $(CARGO_TARGET_DIR))
export CARGO_TARGET_DIR
TARGET := $(CARGO_TARGET_DIR)
BENCH := $(TARGET)/release/hubbub-bench --server $(TARGET)/release/hubbub
else
TARGET := $(CURDIR)/target
BENCH := target/release/hubbub-bench
endif

# All that the tests need, looked for before the first of them.
TEST_TOOLS := shellcheck cargo rustfmt clippy node cc cxx openssl libssl python nats-server chromium curl ip nginx caddy \
	$(if $(HUBBUB_TEST_POSTGRES_URL),,postgres)

PAGE := frontend/dist/index.html
PAGE_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help run run-tools dev build page test test-tools check check-scripts check-docs deny sbom check-rust program test-rust test-tls check-page test-clients test-deploy test-api test-sdks test-browser fuzz-seeds fuzz bench bench-peers measure-documents torture clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: run-tools $(PAGE) ## Build everything and start Hubbub with its demo
	cargo build --profile demo --locked
	exec $(TARGET)/demo/hubbub serve --demo

# What would fail after minutes of building is looked at first.
run-tools:
	@tests/require.sh cargo node cc
	@tests/port-free.sh

dev: $(PAGE) ## Start the demo on free ports; the page reloads and the server is rebuilt when a file changes
	@tests/require.sh cargo cc
	exec node frontend/dev.mjs

build: $(PAGE) ## Build the program, with the page inside it
	@tests/require.sh cargo cc
	cargo build --release --locked

page: $(PAGE) ## Build the page

$(PAGE): frontend/node_modules/.package-lock.json $(PAGE_SOURCES)
	cd frontend && npm run build
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	@tests/require.sh node
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

tests/node_modules/.package-lock.json: tests/package-lock.json
	@tests/require.sh node
	cd tests && npm ci --no-audit --no-fund
	@touch $@

test: test-tools check-scripts check-page check-rust test-rust test-tls test-clients test-deploy test-sdks test-browser fuzz-seeds ## Run every test there is

test-tools:
	@tests/require.sh $(TEST_TOOLS)

check: check-page check-rust ## Formatting, lints and unit tests: no servers, no browser
	cargo test --locked --lib

check-scripts: ## shellcheck
	@tests/require.sh shellcheck
	shellcheck .ci/run $$(find tests examples fuzz bench -name node_modules -prune -o -name venv -prune -o -name target -prune -o -name '*.sh' -print)

check-docs: $(PAGE) ## Whether the documents' quotations, links and paths are those of the code (part of test-rust)
	@tests/require.sh cargo cc
	cargo test --locked --test docs

CARGO_DENY := target/tools/bin/cargo-deny
# Advisories need the database at github.com/rustsec/advisory-db; the workflow adds them.
DENY_CHECKS := bans licenses sources

$(CARGO_DENY):
	@tests/require.sh cargo cc
	cargo install --locked --root target/tools cargo-deny@0.20.2

deny: $(CARGO_DENY) ## Licences, sources and duplicates of the dependencies; builds cargo-deny first, which takes minutes
	$(CARGO_DENY) --locked check --allow license-exception-not-encountered $(DENY_CHECKS)
	cd bench && ../$(CARGO_DENY) --locked --config ../deny.toml check --allow license-not-encountered licenses sources
	cd fuzz && ../$(CARGO_DENY) --locked --config ../deny.toml check --allow license-not-encountered licenses sources
	@[[ "$(DENY_CHECKS)" = *advisories* ]] || echo 'Advisories are not checked: make deny DENY_CHECKS="advisories bans licenses sources" does, with access to github.com.'

CARGO_CYCLONEDX := target/tools/bin/cargo-cyclonedx

$(CARGO_CYCLONEDX):
	@tests/require.sh cargo cc
	cargo install --locked --root target/tools cargo-cyclonedx@0.5.9

sbom: $(CARGO_CYCLONEDX) ## Lists of what the program and the page are made of, in target/sbom; builds cargo-cyclonedx first
	@tests/require.sh node
	@mkdir -p target/sbom
	$(CARGO_CYCLONEDX) cyclonedx --format json --override-filename hubbub.cdx
	mv hubbub.cdx.json target/sbom/hubbub.cdx.json
	cd frontend && npm sbom --package-lock-only --omit dev --sbom-format cyclonedx > ../target/sbom/page.cdx.json

check-page: $(PAGE) ## Check, lint and test the page's code
	cd frontend && npm run check && npm run lint && npm test

check-rust: $(PAGE) ## rustfmt and clippy, warnings denied
	@tests/require.sh cargo rustfmt clippy cc
	tests/versions.sh
	cargo fmt --check && cd bench && cargo fmt --check && cd ../fuzz && cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cd bench && cargo clippy --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps

# The tests of sockets run once with each transport. One cluster test needs root and the program `ip`: it is skipped
# without them, and required in CI.
test-rust: $(PAGE) ## Rust unit and integration tests, on SQLite and on a Postgres of their own
	@tests/require.sh cargo cc nats-server openssl ip
	@if [ "$$(id -u)" != 0 ] || ! command -v ip >/dev/null; then \
		echo "SKIPPED: the cluster test that cuts a network, for it needs root and the program ip"; fi
	HUBBUB_TEST_REQUIRE_POSTGRES=1 HUBBUB_TEST_REQUIRE_NATS=1 \
		$(if $(filter true,$(CI)),HUBBUB_TEST_REQUIRE_NAMESPACES=1) tests/postgres.sh cargo test --locked
	HUBBUB_TEST_SOCKET_TRANSPORT=actix-ws cargo test --locked --test it -- sockets::

# The program has OpenSSL built in; for the test the system's will do, which saves minutes.
test-tls: $(PAGE) ## Postgres over TLS
	@tests/require.sh cargo cc libssl
ifneq ($(and $(HUBBUB_TEST_POSTGRES_URL),$(if $(HUBBUB_TEST_POSTGRES_CERTIFICATE),,missing)),)
	@echo "SKIPPED: Postgres over TLS, for HUBBUB_TEST_POSTGRES_CERTIFICATE does not name the server's certificate"
else
	OPENSSL_NO_VENDOR=1 tests/postgres.sh cargo test --locked --features postgres-tls --test tls
endif

# Cargo builds the program for an integration test, with the features that the tests give its packages: what `test-rust`
# left is up to date, where `cargo build` would compile 22 packages again.
program: $(PAGE)
	@tests/require.sh cargo cc
	cargo test --locked --no-run --test layering

test-clients: program tests/node_modules/.package-lock.json frontend/node_modules/.package-lock.json ## The official clients, and the page's code for documents, against the real server
	cd tests && HUBBUB_BIN=$(TARGET)/debug/hubbub npm run test:clients
	cd frontend && HUBBUB_BIN=$(TARGET)/debug/hubbub npm run test:server

test-deploy: program tests/node_modules/.package-lock.json ## The files of docs/deploy, in nginx, Caddy, NATS, Postgres and systemd
	@tests/require.sh nginx caddy nats-server openssl
	cd tests && HUBBUB_BIN=$(TARGET)/debug/hubbub ./postgres.sh npm run test:deploy

tests/sdks/node_modules/.package-lock.json: tests/sdks/package-lock.json
	@tests/require.sh node
	cd tests/sdks && npm ci --no-audit --no-fund
	@touch $@

tests/sdks/venv/installed: tests/sdks/requirements.txt
	@tests/require.sh python
	python3 -m venv tests/sdks/venv
	tests/sdks/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/sdks/requirements.txt
	@touch $@

tests/api/venv/installed: tests/api/requirements.txt
	@tests/require.sh python
	python3 -m venv tests/api/venv
	tests/api/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/api/requirements.txt
	@touch $@

test-api: program tests/api/venv/installed ## The API against docs/openapi.json: schemathesis, methods, the examples of docs/api.md
	@tests/require.sh node
	cd tests/api && venv/bin/python examples.py
	cd tests/api && HUBBUB_BIN=$(TARGET)/debug/hubbub node methods.mjs
	cd tests/api && HUBBUB_BIN=$(TARGET)/debug/hubbub timeout 300 node run.mjs

test-sdks: program tests/sdks/node_modules/.package-lock.json tests/sdks/venv/installed ## Client libraries and server SDKs of others
	@tests/require.sh curl
	cd tests/sdks && HUBBUB_BIN=$(TARGET)/debug/hubbub npm test

test-browser: program tests/node_modules/.package-lock.json ## The page in a real browser
	@tests/require.sh chromium
	cd tests && HUBBUB_BIN=$(TARGET)/debug/hubbub npm run test:browser

# The same inputs each time, so that it finds nothing new by chance.
fuzz-seeds: ## Run the fuzz targets with the committed seeds
	@tests/require.sh cargo cxx
	fuzz/run.sh seeds

fuzz: ## Fuzz what strangers send, half an hour for each target
	@tests/require.sh cargo cxx
	fuzz/run.sh for 1800

bench: build ## Measure posts on SQLite and Postgres, fan-out, channels, slow sockets; raw results go to bench/results
	cd bench && cargo build --release --locked
	cd bench && $(BENCH) fanout
	cd bench && $(BENCH) channels
	cd bench && $(BENCH) idle
	cd bench && $(BENCH) slow
	cd bench && $(BENCH) history
	cd bench && $(BENCH) posts
	cd bench && ../tests/postgres.sh bash -c '$(BENCH) posts --database-url "$$HUBBUB_TEST_POSTGRES_URL"'

bench/peers/node_modules/.package-lock.json: bench/peers/package-lock.json
	@tests/require.sh node
	cd bench/peers && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

bench/peers/sockudo/bin/sockudo: bench/peers/sockudo.sh
	@tests/require.sh cargo cc cxx protoc
	bench/peers/sockudo.sh
	@touch $@

bench-peers: build bench/peers/node_modules/.package-lock.json bench/peers/sockudo/bin/sockudo ## Install other servers, and measure fan-out of Hubbub beside them
	cd bench && cargo build --release --locked
	cd bench && $(BENCH) peers --runs 5

measure-documents: build frontend/node_modules/.package-lock.json ## Key stroke to another page, bytes a key, opening a large document
	cd frontend && HUBBUB_BIN=$(TARGET)/release/hubbub npm run measure

torture: build ## The long tests: kills under load, thousands of random operations, many processes, fuzzing, a soak
	@tests/require.sh cargo cc nats-server
	HUBBUB_TEST_REQUIRE_POSTGRES=1 HUBBUB_TEST_KILLS=20 HUBBUB_TEST_ROUNDS=2000 \
		tests/postgres.sh cargo test --locked --release --test it -- --nocapture --test-threads 1 converge a_killed
	HUBBUB_TEST_REQUIRE_POSTGRES=1 HUBBUB_TEST_REQUIRE_NATS=1 HUBBUB_TEST_PAGES=200 HUBBUB_TEST_RATE=500 \
		HUBBUB_TEST_SECS=20 HUBBUB_TEST_AWAY_SECS=14 HUBBUB_TEST_CUT_SECS=14 HUBBUB_TEST_STILL_SECS=12 \
		HUBBUB_TEST_ROOMS=1000 HUBBUB_TEST_CHANNELS=100000 HUBBUB_TEST_SOCKETS=10000 \
		tests/postgres.sh cargo test --locked --release --test cluster -- --nocapture --test-threads 1
	fuzz/run.sh for 300
	cd bench && cargo build --release --locked && $(BENCH) soak --minutes 15

clean: ## Remove what was built, but not ./data and ./demo-data
	rm -rf target bench/target bench/peers/node_modules bench/peers/sockudo fuzz/target fuzz/corpus frontend/dist frontend/node_modules tests/node_modules tests/sdks/node_modules tests/sdks/venv tests/api/venv
