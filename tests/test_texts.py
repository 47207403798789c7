"""Every text of the product is collected and translated, in whole and in form."""

import ast
import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils.translation import gettext, ngettext, override
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
CATALOGS = sorted(ROOT.glob("locale/*/LC_MESSAGES/*.po"))
WIDGET_TEXTS = sorted(ROOT.glob("static/widget/src/*_texts.js"))
# As in the Makefile's target `messages`, and what holds no source of ours.
SKIPPED = {"tests", "var", "node_modules", "locale", "staticfiles"}

PLAIN, PLURAL = ("text",), ("text", "plural")
CALLS = {
    "_": PLAIN,
    "gettext": PLAIN,
    "gettext_lazy": PLAIN,
    "gettext_noop": PLAIN,
    "ngettext": PLURAL,
    "ngettext_lazy": PLURAL,
    "pgettext": ("context", *PLAIN),
    "pgettext_lazy": ("context", *PLAIN),
    "npgettext": ("context", *PLURAL),
    "npgettext_lazy": ("context", *PLURAL),
}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
TEMPLATE_CALL = re.compile(rf"\b(_|n?p?gettext)\(((?:{LITERAL}[\s,]*)+)")
PERCENT = re.compile(r"%(?:\(\w+\))?[\d.]*[a-z%]")
BRACES = re.compile(r"\{\w*\}")
TAG = re.compile(r"</?[a-z][^>]*>")
ENDINGS = (".", "?", "!", ":", "…")


def text_of(name, arguments):
    """What one call asks for: (context, text), and its plural or an empty string."""
    given = dict(zip(CALLS[name], arguments, strict=False))
    return (given.get("context", ""), given["text"]), given.get("plural", "")


def texts_in_python(source):
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name not in CALLS:
            continue
        wanted = node.args[: len(CALLS[name])]
        if all(isinstance(argument, ast.Constant) for argument in wanted):
            yield text_of(name, [argument.value for argument in wanted])


def texts_in_template(source):
    for name, arguments in TEMPLATE_CALL.findall(templatize(source)):
        yield text_of(name, ast.literal_eval(f"[{arguments}]"))


def texts_in_sources():
    """All texts of the product, without the gettext tools: {(context, text): plural}."""
    found = {}
    for directory in ROOT.iterdir():
        if directory.name in SKIPPED or directory.name.startswith("."):
            continue
        for path in directory.rglob("*"):
            if path.suffix == ".py":
                texts = texts_in_python(path.read_text())
            elif path.suffix in {".html", ".txt"}:
                texts = texts_in_template(path.read_text())
            else:
                continue
            for key, plural in texts:
                found[key] = found.get(key) or plural
    return found


def translations_of(entry):
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def placeholders(text, *, percent=True):
    found = BRACES.findall(text) + TAG.findall(text)
    return sorted(found + PERCENT.findall(text) if percent else found)


def widget_texts(path):
    """{"en": {name: text}, "de": ...} of a file that holds nothing else."""
    texts = {}
    for line in path.read_text().splitlines():
        if language := re.fullmatch(r"  ([a-z]{2}): \{", line):
            texts[language[1]] = current = {}
        elif entry := re.fullmatch(r'    (\w+): "(.*)",', line):
            current[entry[1]] = entry[2]
    return texts


def test_python_calls_are_found():
    source = """
_("One")
ngettext("a file", "files", count)
translation.pgettext("date", "j " "M")
_(variable)
other("Not this")
"""

    assert list(texts_in_python(source)) == [
        (("", "One"), ""),
        (("", "a file"), "files"),
        (("date", "j M"), ""),
    ]


def test_template_tags_are_found():
    source = """<p title="{% translate 'One' %}">It's not "this"</p>
{% translate "May" context "month" %}{% include "x.html" with label=_("It's") %}
{% blocktranslate count n=files trimmed %}
  A "file"
{% plural %}
  {{ n }} files
{% endblocktranslate %}"""

    assert list(texts_in_template(source)) == [
        (("", "One"), ""),
        (("month", "May"), ""),
        (("", "It's"), ""),
        (("", 'A "file"'), "%(n)s files"),
    ]


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])
def test_catalog_holds_the_texts_of_the_sources(catalog):
    sources = texts_in_sources()

    held = {
        (entry.msgctxt or "", entry.msgid): entry.msgid_plural
        for entry in polib.pofile(str(catalog))
    }

    # A difference means: run `make messages` and translate what is new.
    assert held == sources


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])
def test_every_text_is_translated(catalog):
    entries = polib.pofile(str(catalog))
    forms = int(re.search(r"nplurals=(\d)", entries.metadata["Plural-Forms"])[1])

    unfinished = [
        entry.msgid
        for entry in entries
        if entry.fuzzy
        or entry.obsolete
        or not all(text.strip() for text in translations_of(entry))
        or len(translations_of(entry)) != (forms if entry.msgid_plural else 1)
    ]

    assert unfinished == []
    assert not entries.metadata_is_fuzzy


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])
def test_placeholders_and_tags_survive_translation(catalog):
    differing = []
    for entry in polib.pofile(str(catalog)):
        percent = "python-format" in entry.flags
        # "One file" may stay without its number, in either language.
        allowed = [
            placeholders(text, percent=percent)
            for text in (entry.msgid, entry.msgid_plural)
            if text
        ]
        differing += [
            (entry.msgid, text)
            for text in translations_of(entry)
            if placeholders(text, percent=percent) not in allowed
        ]

    assert differing == []


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])
def test_edges_of_texts_are_alike(catalog):
    differing = [
        (entry.msgid, text)
        for entry in polib.pofile(str(catalog))
        for text in translations_of(entry)
        if entry.msgid.endswith(ENDINGS) != text.endswith(ENDINGS)
        # A word cut short ends in a full stop of its own.
        and not re.search(r"\b(min|h)$", entry.msgid)
    ]

    assert differing == []


def test_every_language_but_the_source_has_a_catalog():
    codes = [path.parts[-3] for path in CATALOGS]

    assert codes == [code for code, _ in settings.LANGUAGES if code != "en"]


def test_texts_are_compiled_for_the_run():
    with override("de"):
        assert gettext("Mine") == "Meine"
        assert ngettext("%(number)s day", "%(number)s days", 1) == "%(number)s Tag"
        assert ngettext("%(number)s day", "%(number)s days", 3) == "%(number)s Tage"


@pytest.mark.parametrize("path", WIDGET_TEXTS, ids=lambda path: path.stem)
def test_widget_speaks_every_language(path):
    texts = widget_texts(path)

    assert sorted(texts) == sorted(code for code, _ in settings.LANGUAGES)
    for language in texts.values():
        # German has a plural more where English needs none.
        assert set(texts["en"]) - set(language) == set()
        assert [name for name, text in language.items() if not text.strip()] == []
        assert {name: placeholders(language[name]) for name in texts["en"]} == {
            name: placeholders(text) for name, text in texts["en"].items()
        }


def test_widget_texts_are_found():
    assert [path.stem for path in WIDGET_TEXTS] == [
        "chat_texts",
        "forms_texts",
        "launcher_texts",
    ]
