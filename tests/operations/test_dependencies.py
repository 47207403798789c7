"""What the desk is made of: pinned, complete, under licences that allow it.

Known vulnerabilities cannot be asked for offline; `.github/workflows/audit.yml` does.
"""

import re
import tomllib
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.product import BASE_DIR

LOCKS = ("requirements.txt", "requirements-dev.txt")
HASH = re.compile(r"sha256:[0-9a-f]{64}")
PERMITTED = (
    "0BSD",
    "Apache Software License",
    "Apache-2.0",
    "BSD",
    "BSD License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT License",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)",
    "PSF-2.0",
    "Python Software Foundation License",
    "Unlicense",
)
# Libraries that we use and do not change, which is what their licence asks for.
EXCEPTIONS = {
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
    "psycopg-pool": "LGPL-3.0-only",
    "python-stdnum": "GNU Lesser General Public License v2 or later (LGPLv2+)",
    # It names the trademark's owner so; the code is under the BSD license.
    "qrcode": "Other/Proprietary License",
}
DENIED = {
    "colourama": "malicious, a misspelt colorama",
    "jeilyfish": "malicious, a misspelt jellyfish",
    "jwt": "not PyJWT, though imported by its name",
    "pycrypto": "abandoned with known holes; cryptography",
    "pypdf2": "abandoned; pypdf",
    "python-jose": "known holes, hardly kept",
    "python3-dateutil": "malicious, a misspelt python-dateutil",
    "request": "malicious, a misspelt requests",
    "rsa": "abandoned; cryptography",
    "xmltodict3": "malicious, a misspelt xmltodict",
}


def entries(name):
    """The lock's entries, each one line with its hashes."""
    text = (BASE_DIR / name).read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def requirement(entry):
    return Requirement(entry.partition(" --hash=")[0])


def pins(name):
    """Version by package, as this machine would install it."""
    asked = [requirement(entry) for entry in entries(name)]
    return {
        canonicalize_name(found.name): str(found.specifier).removeprefix("==")
        for found in asked
        if found.marker is None or found.marker.evaluate()
    }


def needed(*groups):
    """Every package that what pyproject.toml names leads to, as far as installed."""
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]
    texts = list(project["dependencies"])
    for group in groups:
        texts += project["optional-dependencies"][group]
    waiting, found = [Requirement(text) for text in texts], {}
    while waiting:
        asked = waiting.pop()
        extras = asked.extras or {""}
        if asked.marker and not asked.marker.evaluate():
            continue
        name = canonicalize_name(asked.name)
        fresh = {"", *extras} - found.setdefault(name, set())
        found[name] |= fresh
        for text in distribution(name).requires or ():
            inner = Requirement(text)
            if inner.marker is None:
                waiting += [inner] if "" in fresh else []
            elif any(inner.marker.evaluate({"extra": extra}) for extra in fresh):
                # The extra is dealt with; what else it asks of the machine holds.
                inner.marker = None
                waiting.append(inner)
    return set(found)


def is_loose(entry):
    """Whether what gets installed may be something else tomorrow."""
    asked, *hashes = entry.split(" --hash=")
    is_pinned = re.fullmatch(
        r"[\w.-]+(\[[\w,-]+\])?==[\w.+!]+( ;[^@/]+)?", asked.strip()
    )
    hashed = [text for text in hashes if HASH.fullmatch(text.strip())]
    return not is_pinned or not hashes or len(hashed) < len(hashes)


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes(name):
    assert [entry[:80] for entry in entries(name) if is_loose(entry)] == []
    assert len(entries(name)) > 50


@pytest.mark.parametrize(
    "entry",
    [
        "django==5.2.1",
        f"django>=5.2 --hash=sha256:{'0' * 64}",
        f"django==5.2.* --hash=sha256:{'0' * 64}",
        f"django==5.2.1 --hash=md5:{'0' * 32}",
        f"django @ https://example.com/django.whl --hash=sha256:{'0' * 64}",
        "-e .",
        "--extra-index-url https://example.com/simple",
        "git+https://example.com/django",
    ],
)
def test_loose_entries_are_noticed(entry):
    assert is_loose(entry)


def test_both_locks_agree():
    every, product = pins(LOCKS[1]), pins(LOCKS[0])

    assert product.items() <= every.items()


@pytest.mark.parametrize(("name", "groups"), [(LOCKS[0], ()), (LOCKS[1], ("dev",))])
def test_lock_holds_what_is_needed_and_nothing_else(name, groups):
    locked = pins(name)

    assert needed(*groups) == set(locked)


def test_installed_is_what_is_locked():
    installed = {name: distribution(name).version for name in pins(LOCKS[1])}

    assert installed == pins(LOCKS[1])


def licences(name):
    """What a package says of itself, as a list of names."""
    about = distribution(name).metadata
    expression = about.get("License-Expression")
    if expression:
        return re.split(r" (?:AND|OR) ", expression.replace("(", "").replace(")", ""))
    kinds = [
        entry.rpartition(" :: ")[2]
        for entry in about.get_all("Classifier") or ()
        if entry.startswith("License ::")
    ]
    named = [kind for kind in kinds if kind != "OSI Approved"]
    return named or [(about.get("License") or "says nothing").splitlines()[0]]


def test_licences_are_permitted():
    refused = {
        name: found
        for name in pins(LOCKS[1])
        if (found := set(licences(name)) - set(PERMITTED) - {EXCEPTIONS.get(name)})
    }

    assert refused == {}


@pytest.mark.parametrize("name", LOCKS)
def test_no_package_is_denied(name):
    assert {key: DENIED[key] for key in pins(name) if key in DENIED} == {}
