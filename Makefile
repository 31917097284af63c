# `make` lists all targets. Variables: DATA, EXPIRES, IMAGE, MODEL, NAME, PYTHON, REGISTRY, and ARGS: arguments for the target's command.
.DEFAULT_GOAL := help
.PHONY: help up down status release rollback shell key dev serve train mlflow test unit faults molecule lint format lock image images push bench-serving bench-gateway bench-release system clean
MAKEFLAGS += --no-print-directory

PYTHON_IN := tools/run.sh
PYTHON_ALONE := "$$(tools/python.sh)"
GO_TOOL = "$$($(PYTHON_ALONE) -m tools.go_tool $(1))"
SHELL_FILES := $(wildcard tools/*.sh .ci/run)

help: ## List all targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## Start the whole chain on this computer: a host that follows a git branch and serves a model over HTTPS
	@$(PYTHON_IN) mlops python -m rehearsal up

down: ## Stop and remove everything that `make up` started
	@$(PYTHON_IN) mlops python -m rehearsal down

status: ## Show what the host of `make up` runs, what is released, and what does not answer
	@$(PYTHON_IN) mlops python -m rehearsal status

release: ## Release a model or an image with a commit: MODEL=models:/california/2 (or the folder of a bundle), IMAGE=name
	@$(PYTHON_IN) mlops python -m rehearsal release --model "$(MODEL)" --image "$(IMAGE)"

rollback: ## Revert the last release with a commit
	@$(PYTHON_IN) mlops python -m rehearsal rollback

shell: ## Open a shell on the host of `make up`
	@$(PYTHON_IN) mlops python -m rehearsal shell

key: ## Make a key for a client of the API and print it: NAME=mobile-app, EXPIRES=2027-01-31 if it ends
	@$(PYTHON_IN) mlops python -m tools.client_key "$(NAME)" "$(EXPIRES)"

dev: ## Train a model and serve it on this computer without containers (DATA=file.csv for your own data)
	@$(PYTHON_IN) mlops python -m tools.dev dev

serve: ## Serve the newest model of `make dev` or `make train`, or the one that SLIPWAY_MODELS names
	@$(PYTHON_IN) mlops python -m tools.dev serve

train: ## Train a model; ARGS="key=value ..." changes settings, ARGS=--help lists them
	@$(PYTHON_IN) mlops python -m training $(ARGS)

mlflow: ## Start MLflow's web pages for the models that were trained in this checkout
	@$(PYTHON_IN) mlops python -m tools.dev mlflow

test: ## Run lint and all tests, the quick ones first; ARGS="--only agent" for one folder of tests/
	@$(PYTHON_IN) dev python -m tools.check $(ARGS)

unit: ## Run the quick tests, which need nothing but Python
	@$(PYTHON_IN) dev python -m pytest -m "not slow and not long" -n 2 $(ARGS)

faults: ## Break a host in every way we know; print how long it takes to notice and repair each fault
	@$(PYTHON_IN) dev python -m pytest -m slow tests/rehearsal/test_faults.py $(ARGS)

molecule: ## Test each role on a fresh machine (ROLE=gateway for one role)
	@$(PYTHON_IN) dev python -m tools.molecule $(ROLE)

lint: ## Check formatting, rules, types, YAML, roles, workflows and shell scripts
	@tools/need.sh shellcheck:shellcheck
	@$(PYTHON_IN) dev sh -c 'ruff format --check . && ruff check . && mypy && yamllint --strict . && ansible-lint -q molecule roles site.yml'
	@$(call GO_TOOL,actionlint)
	@shellcheck $(SHELL_FILES)

format: ## Format the code, fix what can be fixed automatically, and update the settings tables in docs/
	@$(PYTHON_IN) dev sh -c 'ruff format . && ruff check --fix . && python -m tools.settings_tables'

lock: ## Write requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(PYTHON_IN) dev python -m tools.lock $(ARGS)

image: ## Build the container image `api` (BASE=image to build on, IMAGE=tag of the result)
	@$(PYTHON_ALONE) -m tools.images api

images: ## Build the images that hosts run: `api`, and `mlops` (MLflow's server, training)
	@$(PYTHON_ALONE) -m tools.images api mlops

push: images ## Push both images to a registry and print their digests (REGISTRY=ghcr.io/you)
	@$(PYTHON_ALONE) -m tools.images push api "$(REGISTRY)"
	@$(PYTHON_ALONE) -m tools.images push mlops "$(REGISTRY)"

bench-serving: ## Measure requests per second, latency and memory of our API, of FastAPI and of MLflow
	@tools/need.sh wrk:wrk
	@$(PYTHON_IN) dev sh -c 'bundle=$$(python -m tools.dev bundle) && python -m bench.serving --bundle "$$bundle" $(ARGS)'

bench-gateway: ## Compare the gateway of `make up` with nginx, with the former Caddy and with the API alone (root)
	@tools/need.sh h2load:nghttp2-client openssl:openssl nsenter:util-linux
	@$(PYTHON_IN) dev python -m bench.gateway $(ARGS)

bench-release: ## Measure polls, full runs and releases on the host of `make up`
	@$(PYTHON_IN) dev python -m bench.release $(ARGS)

system: ## Install the system packages that `make test` needs (root on Debian)
	@tools/need.sh $$(cat tools/system.txt)

clean: ## Remove what training and tests wrote to this checkout (not the shared cache in ~/.cache/slipway)
	rm -rf var dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
