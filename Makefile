# Everything that is done here by hand or by a machine; `make` alone lists it.
.DEFAULT_GOAL := help

PYTHON ?= python3
UV ?= $(firstword $(wildcard .venv/bin/uv) uv)
STORY ?=
ARGS ?=
# Recipes read these from the environment, so that blanks and quotes in a path survive.
export PYTHON UV STORY

BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILE = "$$UV" pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: install
install: $(INSTALLED) ## Set up .venv from requirements.lock (PYTHON=python3.12 names another Python)
	@:

$(INSTALLED): requirements.lock pyproject.toml
	@$(BIN)/python -c '' 2>/dev/null || { $(check_python); \
		echo "Making .venv with Python $$version."; "$$PYTHON" -m venv --clear .venv; }
	@echo "Installing what requirements.lock names, each package checked against its hash."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
	@echo "Done: $(BIN)/backlot is ready."

.PHONY: demo
demo: install ## Make a film from a text (STORY=path names the text)
	@exec $(BIN)/backlot demo $${STORY:+--story "$$STORY"}

.PHONY: test
test: install ## Run the tests against real servers (ARGS="tests/app -x" narrows them)
	@# Else each of a hundred processes compiles it anew where PYTHONDONTWRITEBYTECODE is set.
	@$(BIN)/python -m compileall -q app documents scripts workers
	@exec $(BIN)/backlot stack run --temp -- $(BIN)/pytest -n 3 --dist worksteal $(ARGS)

.PHONY: check
check: lint types contracts ## Everything that needs no servers

.PHONY: lint
lint: install ## Format and lint with ruff
	@$(BIN)/ruff format --check . || { \
		echo "Run '$(BIN)/ruff format .' to format them." >&2; exit 1; }
	@$(BIN)/ruff check .

.PHONY: types
types: install ## Check the types with mypy
	@$(BIN)/mypy

.PHONY: contracts
contracts: install ## Check who may import whom
	@$(BIN)/lint-imports

.PHONY: lock
lock: ## Write the lock files anew from pyproject.toml (ARGS=--upgrade takes newer versions)
	@command -v "$$UV" >/dev/null || { \
		echo "There is no uv here: run '$(BIN)/pip install uv', then make lock again." >&2; exit 1; }
	@$(COMPILE) $(ARGS) --all-extras pyproject.toml -o requirements.lock
	@$(COMPILE) --no-annotate --constraint requirements.lock \
		pyproject.toml -o requirements-service.lock
	@echo hatchling | $(COMPILE) --no-annotate --constraint requirements.lock \
		- -o deploy/requirements-build.lock
	@grep -c == requirements.lock requirements-service.lock deploy/requirements-build.lock

.PHONY: env
env: ## Write .env with new secrets for docker compose
	@test ! -e .env || { \
		echo ".env is there already; move it away to make one with new secrets." >&2; exit 1; }
	@umask 077; while IFS= read -r line; do case $$line in \
		[A-Z]*=) echo "$$line$$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')" ;; \
		*) printf '%s\n' "$$line" ;; \
	esac; done <.env.example >.env
	@echo "Wrote .env; only you may read it."

.PHONY: clean
clean: ## Remove .venv and all caches; films and data in .backlot stay
	@rm -rf .venv .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Ends the recipe with a sentence unless $PYTHON fits; leaves its version in $version.
define check_python
	version=$$("$$PYTHON" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) \
		|| version=missing; \
	case $$version in \
		3.11.*|3.12.*|3.13.*) ;; \
		*) echo "Backlot runs on Python 3.11, 3.12 or 3.13, and $$PYTHON is $$version: install one" \
			"of them (Debian, Ubuntu: 'apt install python3 python3-venv') and name it, as in" \
			"'make install PYTHON=python3.12'." >&2; exit 1 ;; \
	esac; \
	"$$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python $$version came without its venv module: install it (Debian, Ubuntu:" \
			"'apt install python3-venv'), then run make again." >&2; exit 1; }
endef
