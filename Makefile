# The same commands for people and for CI. `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
WHEELS := $(VENV)/.requirements
TOOLS := target/tools
CARGO_DENY_VERSION := 0.20.2
CARGO_MUTANTS_VERSION := 27.1.0
export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: system $(WHEELS) ## what building and testing need: packages, crates, wheels
	cargo fetch --locked

.PHONY: test
test: setup ## every test: Rust (recorded traffic and the table of faults aloud), then the OpenAI SDK against the binary
	cargo test --locked --workspace
	cargo test --locked -q -p sanso-wire --test it replay:: -- --nocapture
	cargo test --locked -q -p sanso-server --test faults -- --nocapture
	cargo test --locked -q -p sanso-server --bin sanso a_real_one -- --nocapture
	$(MAKE) loom
	cargo build --locked -p sanso-server
	$(VENV)/bin/pytest tests/sdk

# Optimised a little, because its threads have small stacks.
.PHONY: loom
loom: ## the gates under every order in which threads can take their locks
	CARGO_PROFILE_DEV_OPT_LEVEL=1 RUSTFLAGS="--cfg loom" cargo test --locked -p sanso-core --test loom --target-dir target/loom

.PHONY: check
check: system deny ## format, lints, documentation, dependencies
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --lib
	cargo deny --locked check bans licenses sources

# Two hours for all of them on two cores. A survivor is a rule that no test holds, or a change that is
# none.
.PHONY: mutants
mutants: ## the core's rules, each broken in turn: does a test notice? SHARD=0/16 for a part
	@command -v cargo-mutants >/dev/null || { \
	  cargo install cargo-mutants --version $(CARGO_MUTANTS_VERSION) --locked --debug \
	    --root $(TOOLS) --target-dir $(TOOLS)/build && \
	  rm -rf $(TOOLS)/build; }
	CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=1 cargo mutants -p sanso-core \
	  $(if $(SHARD),--shard $(SHARD)) --exclude-re 'impl (fmt::)?(Debug|Display)' \
	  --minimum-test-timeout 30 -o target/mutants -- --lib --test it

.PHONY: audit
audit: deny ## known vulnerabilities; asks the network for the newest
	cargo deny --locked check advisories

.PHONY: demo
demo: system ## an outage and its recovery, on simulated providers
	cargo run --release --locked -p sanso-server -- demo

.PHONY: bench
bench: ## what a request costs, next to nginx
	bench/run
	cargo bench --locked -q -p sanso --bench request

.PHONY: outage
outage: ## what clients meet in an outage, and after it: a minute and a half in real time
	cargo build --release --locked -p sanso-server
	cargo run --release --locked --manifest-path bench/Cargo.toml --bin outage -- \
	  --sanso target/release/sanso

.PHONY: dashboard
dashboard: dashboard/node_modules ## the web page, built into dashboard/dist; needs Node 20
	cd dashboard && npm run --silent build

.PHONY: test-web
test-web: dashboard ## the web page's tests: words and figures, the page in Chromium, the demonstration on it
	cargo build --locked -p sanso-server
	@command -v "$${CHROMIUM:-chromium}" >/dev/null || { echo 'chromium is missing: apt-get install chromium, or set CHROMIUM' >&2; exit 1; }
	cd dashboard && npm test --silent

.PHONY: screenshots
screenshots: dashboard ## the pictures of the page in docs/, taken in the demonstration's outage
	cargo build --locked -p sanso-server
	cd dashboard && npm run --silent screenshots

dashboard/node_modules: dashboard/package-lock.json
	cd dashboard && npm ci --silent
	touch $@

.PHONY: catalogue
catalogue: ## renew the prices of models: SOURCE=folder with litellm/ and genai-prices/, LITELLM= and GENAI_PRICES= their versions
	python3 crates/sanso/catalogue/renew.py $(SOURCE) $(LITELLM) $(GENAI_PRICES)

.PHONY: system
system:
	@.ci/packages

$(WHEELS): tests/sdk/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --disable-pip-version-check --no-input --no-deps -r $<
	touch $@

# Unoptimised: it runs for a second, and is built in a third of the time.
.PHONY: deny
deny:
	@command -v cargo-deny >/dev/null || { \
	  cargo install cargo-deny --version $(CARGO_DENY_VERSION) --locked --debug \
	    --root $(TOOLS) --target-dir $(TOOLS)/build && \
	  rm -rf $(TOOLS)/build; }
