# Every command does its own set-up; what it cannot install it names. See README.md.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: run test check prove chaos bench package bindings ui setup-run setup-test setup-prove setup-bench setup-package

# Network namespaces are the superuser's.
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo -E)

CARGO_DENY := target/tools/bin/cargo-deny
CARGO_DENY_VERSION := 0.20.2

## The app on the practice newsroom. Without a display: the main job through the real window on a virtual one.
run: setup-run ui
	scripts/run.sh

## Everything that must hold before a commit.
test: setup-test check
	cargo test --workspace

## The part of it that needs no desktop and no server.
check: setup-test ui $(CARGO_DENY)
	cd ui && npm run --silent format:check && npm run --silent check && npm run --silent test
	node scripts/check-boundaries.mjs
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(CARGO_DENY) --log-level warn check bans licenses sources

## The evidence: `make prove TOPIC=main-job`, or one row of it with ROW=n. Long, for a machine that does
## nothing else meanwhile; no part of `make test`. Topics: main-job, speed, routes, sign-in, watch.
prove: setup-prove ui
	@test -n "$(TOPIC)" || { echo "Say which topic: make prove TOPIC=main-job"; exit 2; }
	cargo build --workspace --quiet
	[ "$(TOPIC)" = main-job ] || [ "$(TOPIC)" = sign-in ] || cargo build --release --quiet -p rushes-cli -p rushes-bench
	cargo run --quiet -p rushes-prove -- $(TOPIC) $(ROW)

## The fault campaign: hundreds of transfers through resets, stalls, damage, refusals and kills, with SEEDS="4 5" others
## than those of the evidence. Needs root, for a disk that is full.
chaos: setup-prove
	cargo build --release --quiet -p rushes-cli
	cargo build --quiet -p rushes-prove
	$(AS_ROOT) "$${CARGO_TARGET_DIR:-target}/debug/rushes-prove" chaos $(SEEDS)

## Rushes and other tools over far links, measured: `make bench LINK=bureau TOOLS=rushes,rclone SIZE=500M`. Needs root.
## More in MORE, such as MORE="--rounds 3 --up"; see bench/README.md.
bench: setup-bench
	cargo build --release --quiet -p rushes-cli -p rushes-bench
	$(AS_ROOT) "$${CARGO_TARGET_DIR:-target}/release/rushes-bench" $(if $(LINK),--links $(LINK)) $(if $(TOOLS),--tools $(TOOLS)) $(if $(SIZE),--size $(SIZE)) $(MORE)

## deb and rpm, unsigned, under target/release/bundle.
package: setup-package ui
	cargo build --release -p rushes-cli
	cd ui && npm run tauri build -- --bundles deb,rpm

## The window's types, from Rust.
bindings:
	UPDATE_BINDINGS=1 cargo test --workspace --lib -p rushes the_windows_types -- --nocapture

## The window's page, which the shell embeds.
ui: ui/dist/index.html
ui/dist/index.html: ui/node_modules/.package-lock.json $(shell find ui/src ui/index.html ui/vite.config.ts -type f 2>/dev/null)
	cd ui && npm run --silent build
ui/node_modules/.package-lock.json: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

setup-run setup-test setup-prove setup-bench setup-package:
	@scripts/setup.sh $(@:setup-%=%)

$(CARGO_DENY):
	# Unoptimised: it runs for seconds, and is built for minutes.
	cargo install cargo-deny --debug --quiet --locked --version $(CARGO_DENY_VERSION) --root target/tools
