# `make demo` and `make test` do all the set-up that they need. The rest assumes
# that one of them has run.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO := cargo
PYTHON := target/python
DENY_VERSION := 0.20.2
FUZZ_TARGETS := mp3 control datagram stream
FUZZ_SECONDS := 60

.PHONY: help demo test web check-deny soak fuzz bench

help:
	@echo "make demo    build everything; a relay with a station on the air"
	@echo "make test    everything that CI checks"
	@echo "make web     the pages, as the relay serves them"
	@echo "make soak    the long tests: browsers for minutes, counts, a listener stopped for 30 s"
	@echo "make fuzz    every decoder, $(FUZZ_SECONDS) s each"
	@echo "make bench   the figures of the README, beside those of other servers (30 minutes)"

demo:
	@tools=build; source tests/setup.sh
	$(MAKE) --no-print-directory web
	$(CARGO) build --locked --release
	target/release/skywave demo

web:
	npm --prefix web ci --no-audit --no-fund --loglevel=error
	npm --prefix web run build --silent

test:
	@tools=test; source tests/setup.sh
	$(MAKE) --no-print-directory web
	npm --prefix web run check
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items --all-features
	$(MAKE) --no-print-directory check-deny
	$(CARGO) build --locked --workspace
	for config in config.toml; do target/debug/skywave check --config $$config >/dev/null; done
	$(CARGO) test --locked --workspace --all-features
	test -x $(PYTHON)/bin/python || python3 -m venv $(PYTHON)
	$(PYTHON)/bin/pip install --quiet --requirement tests/python/requirements.txt
	SKYWAVE_BIN=target/debug/skywave $(PYTHON)/bin/python -m pytest -q -p no:cacheprovider tests/python
	SKYWAVE_BIN=$(CURDIR)/target/debug/skywave npm --prefix web run e2e

# Licences, sources and doubles are always checked. Advisories need RustSec's
# database: where it can be reached they are checked, elsewhere that is said.
check-deny:
	@cargo deny --version 2>/dev/null | grep -qF "$(DENY_VERSION)" || $(CARGO) install --locked cargo-deny@$(DENY_VERSION)
	$(CARGO) deny --locked --log-level error check bans licenses sources
	@if $(CARGO) deny fetch db >/dev/null 2>&1; then \
		$(CARGO) deny --locked check advisories; \
	else \
		echo "ADVISORIES NOT CHECKED: RustSec's database cannot be reached from here"; \
	fi

soak:
	@tools=test; source tests/setup.sh
	$(MAKE) --no-print-directory web
	$(CARGO) build --locked --release --workspace
	SKYWAVE_LONG=1 SKYWAVE_BIN=$(CURDIR)/target/release/skywave npm --prefix web run e2e
	target/release/skywave-bench counts --listeners 200 --seconds 60
	target/release/skywave-bench stall --listeners 50 --seconds 30

fuzz:
	@cargo fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz
	cd crates/wire && for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/target/corpus/$$target; \
		RUSTC_BOOTSTRAP=1 cargo fuzz run $$target fuzz/target/corpus/$$target fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

bench:
	@tools=test; source tests/setup.sh
	$(MAKE) --no-print-directory web
	$(CARGO) build --locked --release --workspace
	bench/rivals/install.sh
	target/release/skywave-bench run
	target/release/skywave-bench instructions --record
	target/release/skywave-bench report
