"""Pieces of pages that are worked out once: what nothing, or little, can change.

A page of the desk holds several hundred fixed texts and addresses, and looking each of
them up for every page took a quarter of the time to draw it; so did the menus of all
colleagues. `translate` and `url` are used as Django has them. Loaded as built-ins.
"""

from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.templatetags.i18n import TranslateNode, do_translate
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


MAX_KEPT = 200


class KeptPiece(template.Node):
    """What follows from some values and the language, drawn once for each of them."""

    def __init__(
        self, nodelist: template.NodeList, values: list[FilterExpression]
    ) -> None:
        self.nodelist = nodelist
        self.values = values
        self.pieces: dict[Any, SafeString] = {}

    def render(self, context: template.Context) -> SafeString:
        key = (get_language(), *(value.resolve(context) for value in self.values))
        piece = self.pieces.get(key)
        if piece is None:
            piece = self.nodelist.render(context)
            if len(self.pieces) >= MAX_KEPT:
                self.pieces.clear()
            self.pieces[key] = piece
        return piece


@register.tag
def kept(parser: Parser, token: Token) -> KeptPiece:
    """`{% kept people me %}…{% endkept %}`: name *everything* that is shown in between.

    Nothing else may be: neither a token of the session nor what only some may see. Values
    are compared, so they must be hashable.
    """
    _tag, *values = token.split_contents()
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptPiece(nodelist, [parser.compile_filter(value) for value in values])


class FixedText(template.Node):
    """A translated text, remembered for each language."""

    child_nodelists = ()

    def __init__(self, node: TranslateNode) -> None:
        self.node = node
        self.texts: dict[str | None, str] = {}

    def render(self, context: template.Context) -> str:
        language = get_language()
        text = self.texts.get(language)
        if text is None:
            self.texts[language] = text = self.node.render(context)
        return text


class FixedAddress(template.Node):
    """The address of a view without arguments, remembered for each tree of URLs."""

    child_nodelists = ()

    def __init__(self, node: URLNode) -> None:
        self.node = node
        self.name = str(node.view_name.var)
        self.asvar = node.asvar
        self.addresses: dict[tuple[str, str], tuple[str, SafeString]] = {}

    def render(self, context: template.Context) -> str:
        at = (get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())
        known = self.addresses.get(at)
        if known is None:
            if self.asvar:
                # There may be no such view, which then is no error.
                self.node.render(context)
                address = context[self.asvar]
            else:
                address = reverse(self.name)
            known = (address, conditional_escape(address))
            self.addresses[at] = known
        address, escaped = known
        if self.asvar:
            context[self.asvar] = address
            return ""
        return escaped if context.autoescape else address


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> template.Node:
    node = do_translate(parser, token)
    if (
        isinstance(node, TranslateNode)
        and node.asvar is None
        and node.message_context is None
        and _is_fixed(node.filter_expression)
    ):
        return FixedText(node)
    return node


@register.tag
def url(parser: Parser, token: Token) -> template.Node:
    node = django_url(parser, token)
    if not node.args and not node.kwargs and _is_fixed(node.view_name):
        return FixedAddress(node)
    return node


def _is_fixed(expression: FilterExpression) -> bool:
    """Whether it is a text in quotation marks, without a filter."""
    var: Any = expression.var
    literal = var if isinstance(var, str) else getattr(var, "literal", None)
    return isinstance(literal, str) and not expression.filters
