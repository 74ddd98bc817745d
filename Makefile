# make demo   a whole call centre on this machine: real Asterisk, real SIP phones and callers
# make bench  the speed on this machine, beside Asterisk's app_queue; ONLY="calls waiting" measures these parts
# make test   everything that is checked, on a real Asterisk too
# make soak   the engine's runtime in SEEDS=1000 simulated histories full of faults
# make kill-points   the engine killed at each place where it can be, in SEEDS=20 histories, and the real store likewise
# make soak-calls MINUTES=60 RATE=600   real calls, so many a minute: how memory and descriptors grow, one record for each call
# make soak-misbehave CALLS=10000   real calls of people who keep to no rule: nothing is left of them a minute later
# make fuzz   loader, expressions, interpreter, ARI, AMI and API with CASES=100000 random cases each; ONLY="ari ami" these parts
# make soak-kill KILLS=50   kills the engine so often amid real calls, at random instants
# make soak-restart CHANNELS=1000 RESTARTS=10   how soon a killed engine serves again amid so many channels; SPARE=1 a spare; WEIGHED=1 as its unit weighs it
# All need Python 3.11+ with venv; what else is needed is fetched without root into ~/.cache/acd.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete
FUZZ_STAMP := $(VENV)/.fuzz
CALLS ?=
CASES ?= 1000
API_CASES ?= 50
MINUTES ?= 60
RATE ?= 600
ONLY ?=
KILLS ?= 50
CHANNELS ?= 1000
RESTARTS ?= 10
SPARE ?=
# Call centres that tests run side by side, 8 at most: each is mostly waiting, for prompts to end and phones to ring.
CENTRES ?= 3
# Kill points are some eighty histories for each seed.
KILL_SEEDS := $(or $(SEEDS),20)
SEEDS ?= 1000
FROM ?= 0
JOBS ?= 0

.PHONY: help demo test bench fuzz soak soak-kill soak-restart soak-calls soak-misbehave kill-points lint types layers tools unit asterisk-tests check clean

help:
	@sed -n 's/^# make/make/p' Makefile

# A half-made environment never passes for a whole one: the stamp is written last.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "acd needs Python 3.11 or newer: name one with PYTHON=")'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python has no venv: install it (Debian, Ubuntu: apt install python3-venv) or name another Python with PYTHON="; exit 1; }
	@echo "Making the virtual environment in $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q -e '.[dev]'
	@$(BIN)/python -m compileall -q acd # a service may not write there, and would compile all of it at each start
	@touch $(STAMP)

demo: $(STAMP)
	@$(BIN)/acd demo $(if $(CALLS),--calls $(CALLS)) $(if $(SECONDS),--seconds $(SECONDS))

bench: $(STAMP)
	@$(BIN)/acd bench $(foreach part,$(ONLY),--only $(part))

soak: $(STAMP)
	@$(BIN)/acd simulate --faults --seed $(FROM) --replications $(SEEDS) --jobs $(JOBS)

kill-points: $(STAMP)
	@$(BIN)/acd simulate --faults --kill-points --seed $(FROM) --replications $(KILL_SEEDS) --seconds 120 --jobs $(JOBS)
	@$(BIN)/python -m tests.kill_points --from $(FROM) --seeds $(KILL_SEEDS)

soak-calls: $(STAMP)
	@$(BIN)/acd soak --minutes $(MINUTES) --rate $(RATE)

soak-misbehave: $(STAMP)
	$(BIN)/acd tools fetch
	ACD_MISBEHAVING_CALLS=$(or $(CALLS),10000) ACD_MISBEHAVING_AT_ONCE=24 ACD_MISBEHAVING_SEED=$(or $(SEED),1) \
		$(BIN)/pytest -q -s --timeout 0 tests/asterisk/test_misbehaving_callers.py

$(FUZZ_STAMP): $(STAMP)
	@echo "Adding schemathesis, and atheris where there is a build of it ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q -e '.[dev,fuzz]'
	@touch $(FUZZ_STAMP)

# Three ways: cases of our own that are the same at every run, inputs led by what code they reach, and the running API.
fuzz: $(FUZZ_STAMP)
	@$(BIN)/python -m tests.fuzz $(ONLY) --cases $(CASES)
	@$(if $(ONLY),,for target in ari ami config; do $(BIN)/python -m tests.fuzz.guided $$target -runs=$(CASES) || exit 1; done)
	@$(if $(ONLY),,$(BIN)/python -m tests.fuzz.serving --cases $(API_CASES))

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

tools: $(STAMP)
	$(BIN)/acd tools fetch

# What is covered is covered by tests of single cases, not by what chance happens to find, and being watched makes the
# engine several times slower: nothing that goes on for long is in the first part. In the second the next test goes to
# whoever is free, the longest first (tests/conftest.py).
unit: $(STAMP)
	$(BIN)/acd tools fetch --only-postgresql
	$(BIN)/pytest -q -n auto --cov --cov-fail-under=100 tests/unit/domain tests/unit/engine
	$(BIN)/pytest -q -n auto --maxschedchunk 1 tests/property tests/replay tests/unit tests/contract/test_simulated.py \
		--ignore tests/unit/domain --ignore tests/unit/engine

soak-kill: $(STAMP)
	$(BIN)/acd tools fetch
	KILLS=$(KILLS) $(BIN)/pytest -v --timeout 0 tests/asterisk/test_kill_points.py

soak-restart: $(STAMP)
	$(BIN)/acd tools fetch
	CHANNELS=$(CHANNELS) RESTARTS=$(RESTARTS) $(BIN)/pytest -v --timeout 0 tests/asterisk/test_restart_speed.py

asterisk-tests: tools
	$(BIN)/pytest -v -n $(CENTRES) --dist loadfile --no-loadscope-reorder tests/asterisk tests/contract/test_asterisk.py

check: $(STAMP)
	$(BIN)/acd check .
	$(BIN)/acd flow test --quiet

# One after the other: beside tests that use the processor, callers and phones of real calls are late now and then.
test: lint layers check types unit asterisk-tests

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage build *.egg-info
