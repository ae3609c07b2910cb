# Everything here creates .venv where it is missing and installs what it needs into it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := .venv-peers/.installed
DOCS := $(VENV)/.installed-docs

.PHONY: demo test test-all test-clients test-faults test-light lint docs g2p p2g numbers digits speech units bench studies clean

demo: $(STAMP)
	$(BIN)/clearhead demo

# The fast suite: two workers, one thread each.
test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

# Clients that others wrote, from PyPI and npm, against `clearhead serve`; they are installed into .clients.
test-clients: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/clients

# What an installation without PyTorch does, in an environment that has none: the package as it is installed, not these
# sources; the processes of the service and its page are left to `make test`.
test-light: .venv-light/.installed
	.venv-light/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall .
	OMP_NUM_THREADS=1 CLEARHEAD_LIGHT=1 .venv-light/bin/python -m pytest -c tests/light/pytest.ini --rootdir . -n 2 --dist loadfile \
		tests/light tests/serving --ignore tests/serving/test_server.py --ignore tests/serving/test_serve_command.py \
		--ignore tests/serving/test_serve_guide.py

.venv-light/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-light
	.venv-light/bin/python -m pip install --quiet --disable-pip-version-check ".[serve,hub]" \
		"pytest>=8" "pytest-timeout>=2.3" "pytest-xdist>=3.6" "hypothesis>=6.100" "httpx>=0.28" "beartype>=0.20" "playwright>=1.50"
	touch $@

# Kills, flipped bits and cut files by the hundred: what is the same afterwards, what is reported, what is lost.
test-faults: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.faults $(if $(KILLS),--kills $(KILLS)) $(if $(FLIPS),--flips $(FLIPS)) $(if $(TRUNCATIONS),--truncations $(TRUNCATIONS))

# The documentation as a site in build/docs, which needs no network to be read; a warning is an error.
docs: $(DOCS)
	$(BIN)/python -m sphinx --conf-dir docs/site --builder html --fresh-env --fail-on-warning --quiet . build/docs
	@echo "build/docs/index.html"

$(DOCS): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	touch $@

# Recipes that bring their own data.
g2p: $(STAMP)
	$(BIN)/python recipes/g2p/run.py

# The same dictionary turned round: phonemes to letters.
p2g: $(STAMP)
	$(BIN)/python recipes/g2p/run.py --reverse --out runs/p2g

numbers: $(STAMP)
	$(BIN)/python recipes/numbers/run.py

# Sources that are no text: images, and the sound of a synthetic voice (which needs espeak-ng).
digits: $(STAMP)
	$(BIN)/python recipes/digits/run.py

speech: $(STAMP)
	$(BIN)/python recipes/speech/run.py

# Bytes, characters, subwords and words as the units of the same model; FULL=1: the whole table.
units: $(STAMP)
	$(BIN)/python recipes/units/run.py $(if $(FULL),--full)

# Speed beside peers, in turns; SOURCE, TARGET: parallel text to train on, LINES: text to translate (TO: into what).
bench: $(STAMP) $(PEERS)
	$(BIN)/python -m benchmarks $(if $(SOURCE),--source $(SOURCE) --target $(TARGET)) $(if $(LINES),--lines $(LINES)) $(if $(TO),--to $(TO)) $(if $(SHAPES),--shapes $(SHAPES)) $(if $(ROUNDS),--rounds $(ROUNDS))

# The quick form of every study, two at a time; `python -m studies` lists them, `python -m studies.NAME --full` makes one page of docs/studies.
studies: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/python -m studies --run --out build/studies

$(PEERS): $(STAMP)
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check "torch>=2.11,<2.14" "transformers>=5,<6" \
		joeynmt==2.3.0 sentencepiece==0.2.0 importlib_metadata
	$(BIN)/python -m pip install --quiet --disable-pip-version-check matplotlib
	touch $@

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Clearhead needs Python 3.11 or newer; say which with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test,lint]"
	touch $(STAMP)

clean:
	rm -rf build $(VENV) .venv-light .venv-peers .clients .pytest_cache .mypy_cache .ruff_cache .hypothesis
