# Each target is one script; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: browser help run build matrix release rehearse fleet test bench bench-v8 faults abuse sdks fmt check schema deny fuzz clean

help: ## List the targets
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/\1	\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r target what; do \
		printf '  make %-12s %s\n' "$$target" "$$what"; done

# make puts WEBHOOK_URL into the program's environment, where no shell can misread it.
run: ## Start Envoy with the module and two webhooks, and show each delivery (WEBHOOK_URL=https://... for your own)
	@scripts/with-envoy cargo run --locked --package freshpaint-harness --bin run

build: ## Build target/freshpaint_webhooks.wasm, the module that Envoy loads
	@scripts/build-module

matrix: ## Run the tests in a real Envoy on each minor version of it (20 min), and write their table
	@scripts/matrix

fleet: ## Kill a collector of a fleet and add one, under load, for FLEET_SECONDS (60), and count what comes of it
	@scripts/fleet

release: ## Make a release in dist/ (RELEASE_KEY=..., a key of your GnuPG, signs it; IMAGE=..., where you push the image)
	@scripts/release

rehearse: ## Run every step of the release workflow here, on a clone with a tag and a registry of its own (10 min)
	@scripts/rehearse

.PHONY: check-config
check-config: ## Say what is wrong with an Envoy file: make check-config FILE=envoy/envoy.yaml
	@scripts/check-config $(FILE)

test: ## Run every test: the core natively and on wasm32, the shell on a mock host, the module in a real Envoy
	@scripts/test

bench: ## Measure the module against its floors and peers, at most 15 min (benches/README.md)
	@scripts/bench

faults: ## Break webhooks in every way for FAULTS_SECONDS (300), and hold what was sent against what was received
	@scripts/faults

abuse: ## Attack and overload the shipped Envoy, 15 min, one row a case (ABUSE_SECONDS, ABUSE_CASES)
	@scripts/abuse

browser: ## Drive the live page of a real Envoy in Chromium (TAKE_IMAGES=1 writes the README's pictures)
	@scripts/browser

sdks: ## Run the real SDKs against a real Envoy with the module, and print a table SDK x call
	@scripts/sdks

fmt: ## Format the Rust code
	@cargo fmt --all

check: ## Check formatting, and lint for the host and for wasm32
	@scripts/check

schema: ## Write the manual's tables and the JSON Schema anew from the parser's descriptions of its fields
	@BLESS=1 cargo test --locked --package freshpaint-config of_the_descriptions

deny: ## Check licences, sources and versions of the dependencies
	@scripts/deny

fuzz: ## Fuzz the core for 60 s a target (FUZZ_SECONDS; needs a nightly compiler)
	@scripts/fuzz

bench-v8: ## Time the core's benchmark cases natively and inside Envoy's V8 (2 min)
	@scripts/bench-in-v8

clean: ## Remove what was built; what was fetched into .tools stays
	@cargo clean
