"""Makes the files visitors load out of the widget's sources.

The result is committed, so nothing has to be built to run the desk. Each served file
names the fingerprint of the sources it was made from; a test compares them.
"""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

Minifier = Callable[[str, str], str]

# Each is served under the name of its entry in the sources.
SCRIPTS = (
    "loader.js",
    "smartsupp.js",
    "person.js",
    "box.js",
    "chat.js",
    "forms.js",
)
# Served file: what it is joined of.
STYLES = {
    "box.css": ("box.css", "log.css", "composer.css"),
    "forms.css": ("forms.css",),
}
_IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(
    r"^export (?=(?:async function|function|class|const|let) (\w+))", re.MULTILINE
)
_EXPORT_LIST = re.compile(r"^export \{ ([\w, ]+) \};\n", re.MULTILINE)
_NAME = re.compile(r"^(?:async function|function|class|const|let) (\w+)", re.MULTILINE)
_DROPPED = re.compile(r"\bvoid \(")

# Style sheets inside scripts, which no minifier of scripts looks into.
_IN_TEMPLATE = re.compile(r"(?<=_CSS = )`[^`$]*\n[^`]*`")


class BuildError(Exception):
    pass


def fingerprint(widget: Path) -> str:
    """Of everything the served files are made from."""
    digest = hashlib.sha256()
    for path in sorted([*widget.glob("src/*"), widget / "redact.js"]):
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build(widget: Path, minify: Minifier) -> list[Path]:
    head = f"/* supportdesk widget {fingerprint(widget)}, made from src/ */\n"
    written = []
    for name in SCRIPTS:
        source = _IN_TEMPLATE.sub(_on_one_line, bundle(widget / "src" / name))
        script = minify("application/javascript", source)
        written.append(_write(widget / name, head + script))
    for name, sources in STYLES.items():
        joined = "".join((widget / "src" / source).read_text() for source in sources)
        written.append(_write(widget / name, head + minify("text/css", joined)))
    return written


def bundle(entry: Path) -> str:
    """One script out of a module and all it imports, with the entry's exports.

    An entry without exports is no module: pages load it by a plain script tag.
    """
    order: list[Path] = []
    _visit(entry, order, ())
    names: dict[str, Path] = {}
    parts = []
    for path in order:
        source = path.read_text()
        for name in _NAME.findall(_EXPORT.sub("", source)):
            if names.setdefault(name, path) != path:
                raise BuildError(f"{name} is in {names[name].name} and in {path.name}")
        if _DROPPED.search(source):
            raise BuildError(f"{path.name}: the minifier drops what `void (…)` does")
        parts.append(_EXPORT_LIST.sub("", _EXPORT.sub("", _IMPORT.sub("", source))))
    source = entry.read_text()
    exports = _EXPORT.findall(source)
    for listed in _EXPORT_LIST.findall(source):
        exports += [name.strip() for name in listed.split(",")]
    # Inside a function, so that the minifier may shorten every name.
    body = "".join(parts)
    if not exports:
        return f'(() => {{\n"use strict";\n{body}}})();\n'
    listed = ", ".join(exports)
    return f"export const {{ {listed} }} = (() => {{\n{body}return {{ {listed} }};\n}})();\n"


def _visit(path: Path, order: list[Path], above: tuple[Path, ...]) -> None:
    if path in above:
        raise BuildError(f"{path.name} imports itself")
    for address in _IMPORT.findall(path.read_text()):
        _visit((path.parent / address).resolve(), order, (*above, path))
    if path not in order:
        order.append(path)


def _on_one_line(match: re.Match[str]) -> str:
    return re.sub(r"\s*\n\s*", "", match[0])


def _write(path: Path, text: str) -> Path:
    path.write_text(text.rstrip() + "\n")
    return path
