# What people and CI run. No logic of its own: it names commands.

CARGO ?= cargo
NPM ?= npm

.PHONY: demo run test check fmt bench crash autobahn tree help node

help: ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

demo: ## a simulated campus of 24 nodes, the embedded store and the service, in one process
	$(CARGO) run --bin evara -- demo $(ARGS)

run: ## the real service: make run ARGS="--config evara.toml"
	$(CARGO) run --release --bin evara -- serve $(ARGS)

test: node ## every test; needs Node and the programs of PostgreSQL and Redis, not running
	@if $(CARGO) nextest --version >/dev/null 2>&1; \
	then $(CARGO) nextest run --workspace --all-targets --no-fail-fast; \
	else $(CARGO) test --workspace --all-targets --no-fail-fast; fi
	cd web && $(NPM) ci --silent && $(NPM) test --silent

check: node ## format, lints, types and documentation, all warnings being errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --quiet
	cd web && $(NPM) ci --silent && $(NPM) run check --silent

node:
	@command -v node >/dev/null && command -v $(NPM) >/dev/null && node -e 'process.exit(+(parseInt(process.versions.node) < 18))' || \
	{ echo "Node 18 or newer and npm are needed for web/client and are not here (Debian: nodejs npm)" >&2; exit 1; }

fmt: ## format everything
	$(CARGO) fmt --all

bench: ## speed and memory, each beside a ceiling measured in the same run
	$(CARGO) bench --bench goals

crash: ## 500 kills on each store, and what was lost of what was acknowledged; KILLS=100 SEED=3 for others
	CRASH_KILLS=$(or $(KILLS),500) CRASH_SEED=$(or $(SEED),7) $(CARGO) test --test crash -- --nocapture --test-threads=1

autobahn: ## the Autobahn suite against our WebSockets' settings; needs Python 2.7 and PyPI
	tests/autobahn/run

tree: ## the supervision tree, as drawn
	$(CARGO) run --quiet --bin evara -- tree
