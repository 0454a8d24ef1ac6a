# make run    build everything and start Hubbub with its demo on http://127.0.0.1:8080
# make test   run every test there is
# make build  leave the program in target/release/hubbub
# make help   list the rest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PAGE := frontend/dist/index.html
PAGE_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help run build page test check-rust test-rust test-tls check-page test-clients test-sdks test-browser fuzz-fixed fuzz bench bench-peers measure-documents torture clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: build ## Build everything and start Hubbub with its demo
	exec target/release/hubbub serve --demo

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

test: check-page check-rust test-rust test-tls test-clients test-sdks test-browser fuzz-fixed ## Run every test there is

check-page: $(PAGE) ## Check, lint and test the page's code
	cd frontend && npm run check && npm run lint && npm test

check-rust: $(PAGE) ## rustfmt and clippy, warnings denied
	@tests/require.sh cargo cc
	cargo fmt --check && cd bench && cargo fmt --check && cd ../fuzz && cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cd bench && cargo clippy --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps

# The tests of sockets run once with each transport. One cluster test needs root and the program `ip`: it is skipped
# without them, and required in CI.
test-rust: $(PAGE) ## Rust unit and integration tests, on SQLite and on a Postgres of their own
	@tests/require.sh cargo cc nats-server
	HUBBUB_TEST_REQUIRE_POSTGRES=1 HUBBUB_TEST_REQUIRE_NATS=1 \
		$(if $(filter true,$(CI)),HUBBUB_TEST_REQUIRE_NAMESPACES=1) tests/postgres.sh cargo test --locked
	HUBBUB_TEST_SOCKET_TRANSPORT=actix-ws cargo test --locked --test it -- sockets::

# The program has OpenSSL built in; for the test the system's will do, which saves minutes.
test-tls: $(PAGE) ## Postgres over TLS
	@tests/require.sh cargo cc libssl
	OPENSSL_NO_VENDOR=1 tests/postgres.sh cargo test --locked --features postgres-tls --test tls

target/debug/hubbub: test-rust
	cargo build --locked

test-clients: target/debug/hubbub tests/node_modules/.package-lock.json frontend/node_modules/.package-lock.json ## The official clients, and the page's code for documents, against the real server
	cd tests && HUBBUB_BIN=../target/debug/hubbub npm run test:clients
	cd frontend && HUBBUB_BIN=../target/debug/hubbub npm run test:server

tests/sdks/node_modules/.package-lock.json: tests/sdks/package-lock.json
	@tests/require.sh node
	cd tests/sdks && npm ci --no-audit --no-fund
	@touch $@

tests/sdks/venv/installed: tests/sdks/requirements.txt
	@tests/require.sh python
	python3 -m venv tests/sdks/venv
	tests/sdks/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/sdks/requirements.txt
	@touch $@

test-sdks: target/debug/hubbub tests/sdks/node_modules/.package-lock.json tests/sdks/venv/installed ## Client libraries and server SDKs of others
	cd tests/sdks && HUBBUB_BIN=../../target/debug/hubbub npm test

test-browser: target/debug/hubbub tests/node_modules/.package-lock.json ## The page in a real browser
	@tests/require.sh chromium
	cd tests && HUBBUB_BIN=../target/debug/hubbub npm run test:browser

# The same inputs each time, so that it finds nothing new by chance.
fuzz-fixed: ## Fuzz what strangers send with the same 20,000 inputs each time
	@tests/require.sh cargo cxx
	fuzz/run.sh runs 20000

fuzz: ## Fuzz what strangers send, half an hour for each target
	@tests/require.sh cargo cxx
	fuzz/run.sh for 1800

bench: build ## Measure posts on SQLite and Postgres, fan-out, channels, slow sockets; raw results go to bench/results
	cd bench && cargo build --release --locked
	cd bench && target/release/hubbub-bench fanout
	cd bench && target/release/hubbub-bench channels
	cd bench && target/release/hubbub-bench idle
	cd bench && target/release/hubbub-bench slow
	cd bench && target/release/hubbub-bench history
	cd bench && target/release/hubbub-bench posts
	cd bench && ../tests/postgres.sh bash -c 'target/release/hubbub-bench posts --database-url "$$HUBBUB_TEST_POSTGRES_URL"'

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
	cd bench && target/release/hubbub-bench peers --runs 5

measure-documents: build frontend/node_modules/.package-lock.json ## Key stroke to another page, bytes a key, opening a large document
	cd frontend && HUBBUB_BIN=../target/release/hubbub npm run measure

torture: build ## The long tests: kills under load, thousands of random operations, many processes, fuzzing, a soak
	@tests/require.sh cargo cc nats-server
	HUBBUB_TEST_REQUIRE_POSTGRES=1 HUBBUB_TEST_KILLS=20 HUBBUB_TEST_ROUNDS=2000 \
		tests/postgres.sh cargo test --locked --release --test it -- --nocapture --test-threads 1 converge a_killed
	HUBBUB_TEST_REQUIRE_POSTGRES=1 HUBBUB_TEST_REQUIRE_NATS=1 HUBBUB_TEST_PAGES=200 HUBBUB_TEST_RATE=500 \
		HUBBUB_TEST_SECS=20 HUBBUB_TEST_AWAY_SECS=14 HUBBUB_TEST_CUT_SECS=14 HUBBUB_TEST_STILL_SECS=12 \
		HUBBUB_TEST_ROOMS=1000 HUBBUB_TEST_CHANNELS=100000 HUBBUB_TEST_SOCKETS=10000 \
		tests/postgres.sh cargo test --locked --release --test cluster -- --nocapture --test-threads 1
	fuzz/run.sh for 300
	cd bench && cargo build --release --locked && target/release/hubbub-bench soak --minutes 15

clean: ## Remove what was built, but not ./data
	rm -rf target bench/target bench/peers/node_modules bench/peers/sockudo fuzz/target fuzz/corpus frontend/dist frontend/node_modules tests/node_modules tests/sdks/node_modules tests/sdks/venv
