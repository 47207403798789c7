# Everything here needs Python 3.11 or newer and make; the rest installs itself.

VENV := .venv
RUN := $(VENV)/bin/
export ENVIRONMENT ?= development
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && echo $$p && break; done)

.PHONY: run test coverage lint bench lock messages openapi setup browser clean

run: setup
	@exec $(RUN)python manage.py run

test: lint browser
	$(RUN)python -m pytest -n 2

# Which lines no test runs; to be read, and no check.
coverage: lint browser
	$(RUN)python -m pytest -n 2 --cov

lint: setup
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	@templates=$$(git ls-files -co --exclude-standard '*.html'); \
	if [ -n "$$templates" ]; then $(RUN)djade --target-version 5.2 --check $$templates; fi
	$(RUN)lint-imports
	$(RUN)mypy .
	$(RUN)python manage.py makemigrations --check --dry-run

bench: setup
	$(RUN)python -m benchmarks

lock: setup
	$(RUN)pip install --quiet --disable-pip-version-check uv
	$(RUN)uv pip compile pyproject.toml --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header -q -o requirements.txt
	$(RUN)uv pip compile pyproject.toml --extra dev --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-q -o requirements-dev.txt

messages: setup
	@command -v xgettext >/dev/null || { \
		echo "Collecting texts needs the GNU gettext tools (package gettext)."; exit 1; }
	$(RUN)python manage.py makemessages --all --no-obsolete --add-location file \
		--ignore '.venv/*' --ignore 'var/*' --ignore 'tests/*'
	$(RUN)python manage.py compile_texts

openapi: setup
	$(RUN)python manage.py write_openapi

setup: $(VENV)/.installed

$(VENV)/.installed: requirements-dev.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11 or newer with its venv module was found. Install one"; \
		echo "(on Debian: apt install python3 python3-venv) and run make again."; \
		exit 1; fi
	@if ! $(RUN)python -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		2>/dev/null; then $(PYTHON) -m venv --clear $(VENV); fi
	$(RUN)python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --no-deps -r requirements-dev.txt
	@touch $@

browser: setup
	$(RUN)python -m tests.browser.chromium

clean:
	rm -rf $(VENV) var .mypy_cache .pytest_cache .ruff_cache
