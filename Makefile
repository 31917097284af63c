# The front door: `make` lists what there is. Variables: DATA, MODEL, IMAGE, PYTHON, REGISTRY, ARGS (handed to the command behind the target).
.DEFAULT_GOAL := help
.PHONY: help up down status release rollback shell dev serve train mlflow test unit faults molecule lint format lock image images push bench-serving bench-release system clean
MAKEFLAGS += --no-print-directory

PYTHON_IN := tools/run.sh
PYTHON_ALONE := "$$(tools/python.sh)"
GO_TOOL = "$$($(PYTHON_ALONE) -m tools.go_tool $(1))"
SHELL_FILES := $(wildcard tools/*.sh .ci/run)

help: ## List what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## The whole chain on this machine: a host that follows a branch to a model that answers over HTTPS
	@$(PYTHON_IN) mlops python -m rehearsal up

down: ## Remove all that `make up` made
	@$(PYTHON_IN) mlops python -m rehearsal down

status: ## How the host of `make up` is
	@$(PYTHON_IN) mlops python -m rehearsal status

release: ## Release by a commit: MODEL=models:/california/2 (or a bundle's folder), IMAGE=name
	@$(PYTHON_IN) mlops python -m rehearsal release --model "$(MODEL)" --image "$(IMAGE)"

rollback: ## Take the last release back, by a commit
	@$(PYTHON_IN) mlops python -m rehearsal rollback

shell: ## A shell on the host of `make up`
	@$(PYTHON_IN) mlops python -m rehearsal shell

dev: ## Train a model and serve it on this machine, with a curl line to paste (DATA=file.csv for your own data)
	@$(PYTHON_IN) mlops python -m tools.dev dev

serve: ## Serve the newest trained model again, or what SLIPWAY_MODELS names
	@$(PYTHON_IN) mlops python -m tools.dev serve

train: ## Train only; ARGS="key=value ..." sets what `make train ARGS=--help` lists
	@$(PYTHON_IN) mlops python -m training $(ARGS)

mlflow: ## MLflow's pages over what was trained here
	@$(PYTHON_IN) mlops python -m tools.dev mlflow

test: ## Everything that can be checked, cheapest first; ARGS="--only agent" for one folder of tests/
	@$(PYTHON_IN) dev python -m tools.check $(ARGS)

unit: ## The quick tests, which need nothing but Python
	@$(PYTHON_IN) dev python -m pytest -m "not slow and not long" -n 2 $(ARGS)

faults: ## Break a host of its own in every way we know, one at a time; print what was seen and repaired after how long
	@$(PYTHON_IN) dev python -m pytest -m slow tests/rehearsal/test_faults.py $(ARGS)

molecule: ## Test roles on fresh machines of their own (ROLE=gateway for one)
	@$(PYTHON_IN) dev python -m tools.molecule $(ROLE)

lint: ## Formatting, rules, types, YAML, roles, workflows, shell
	@tools/need.sh shellcheck:shellcheck
	@$(PYTHON_IN) dev sh -c 'ruff format --check . && ruff check . && mypy && yamllint --strict . && ansible-lint -q molecule roles site.yml'
	@$(call GO_TOOL,actionlint)
	@shellcheck $(SHELL_FILES)

format: ## Format the code, repair what can be repaired, and write the tables of settings in docs/
	@$(PYTHON_IN) dev sh -c 'ruff format . && ruff check --fix . && python -m tools.settings_tables'

lock: ## Write requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(PYTHON_IN) dev python -m tools.lock $(ARGS)

image: ## Build the container image `api` (BASE=image to build on, IMAGE=name to give)
	@$(PYTHON_ALONE) -m tools.images api

images: ## Build what hosts run: `api`, and `mlops` (MLflow's server, training)
	@$(PYTHON_ALONE) -m tools.images api mlops

push: images ## Push both to a registry and print their digests (REGISTRY=ghcr.io/you)
	@$(PYTHON_ALONE) -m tools.images push api "$(REGISTRY)"
	@$(PYTHON_ALONE) -m tools.images push mlops "$(REGISTRY)"

bench-serving: ## Requests a second, latency, memory: ours, FastAPI's and MLflow's in one run
	@tools/need.sh wrk:wrk
	@$(PYTHON_IN) dev sh -c 'bundle=$$(python -m tools.dev bundle) && python -m bench.serving --bundle "$$bundle" $(ARGS)'

bench-release: ## On the host of `make up`: what a poll costs, how long releases and a full run take, role by role
	@$(PYTHON_IN) dev python -m bench.release $(ARGS)

system: ## Install what `make test` needs of the system (root on Debian)
	@tools/need.sh $$(cat tools/system.txt)

clean: ## Remove what was trained and cached in this checkout (not the shared cache in ~/.cache/slipway)
	rm -rf var dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
