.DEFAULT_GOAL := help
.PHONY: help build clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | while IFS='|' read -r t d; do printf '  make %-10s %s\n' "$$t" "$$d"; done

build: ## Build target/freshpaint_webhooks.wasm, the module that Envoy loads
	@scripts/build-module

clean: ## Remove what was built; the fetched tools in .tools stay
	@cargo clean
