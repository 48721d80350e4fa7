"""A mail as a page: what was written, cleaned of everything that a mail must not hold, in the looks of the brand."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

import nh3

from domain.entities import theme
from domain.notifications.models import Language

_TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "hr", "i", "img", "li", "ol", "p", "small",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"style"},
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "table": {"width", "cellpadding", "cellspacing", "border"},
    "td": {"align", "valign", "width", "colspan", "rowspan"},
    "th": {"align", "valign", "width", "colspan", "rowspan"},
}
_STYLES = {
    "background-color", "border", "border-color", "border-radius", "color", "font-size", "font-style", "font-weight",
    "height", "line-height", "margin", "padding", "text-align", "text-decoration", "width",
}  # fmt: skip
_SCHEMES = {"https", "http", "mailto", "tel"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    filter_style_properties=_STYLES,
    url_schemes=_SCHEMES,
    url_relative="deny",
    link_rel="noopener noreferrer",
    strip_comments=True,
)
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_UNSUBSCRIBE = {
    Language.NL: "Geen berichten van deze soort meer ontvangen",
    Language.EN: "Receive no more messages of this kind",
}
_PAGE = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body style="margin:0;padding:24px 12px;background-color:{background};font-family:{font};color:{ink}">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:600px">
<tr><td style="padding:16px 24px;border-bottom:3px solid {primary}">{head}</td></tr>
<tr><td style="padding:24px;background-color:{surface};font-size:16px;line-height:1.5">{body}</td></tr>
{foot}</table>
</td></tr></table>
</body>
</html>
"""


def cleaned(html: str) -> str:
    """What a mail may hold of some HTML: no script, form or style sheet, and only links that leave the mail."""
    return _CLEANER.clean(html)


def as_html(text: str) -> str:
    """Plain text as paragraphs, with its links."""
    paragraphs = (part.strip() for part in re.split(r"\n\s*\n", text))
    return "".join(f"<p>{_linked(part)}</p>" for part in paragraphs if part)


def page(
    inner: str,
    *,
    title: str,
    language: Language,
    brand: str,
    logo_url: str | None,
    looks: Mapping[str, Any],
    unsubscribe_url: str | None = None,
) -> str:
    """The whole mail; `inner` is HTML of whatever origin and is cleaned here."""
    tokens = theme.safe(looks)
    primary = tokens.get("colorPrimary", "#1f6feb")
    return _PAGE.format(
        language=language.value,
        title=escape(title),
        background=tokens.get("colorBackground", "#f5f5f5"),
        surface=tokens.get("colorSurface", "#ffffff"),
        font=escape(tokens.get("fontFamily", "Arial, sans-serif")),
        ink=tokens.get("colorText", "#222222"),
        primary=primary,
        head=_head(brand, logo_url, primary),
        body=cleaned(inner),
        foot=_foot(unsubscribe_url, language),
    )


def _head(brand: str, logo_url: str | None, primary: str) -> str:
    if logo_url and urlsplit(logo_url).scheme == "https":
        return f'<img src="{escape(logo_url)}" alt="{escape(brand)}" height="40">'
    return f'<strong style="color:{primary};font-size:20px">{escape(brand)}</strong>'


def _foot(unsubscribe_url: str | None, language: Language) -> str:
    if unsubscribe_url is None:
        return ""
    link = f'<a href="{escape(unsubscribe_url)}" style="color:#777777">{_UNSUBSCRIBE[language]}</a>'
    return f'<tr><td style="padding:16px 24px;font-size:12px;color:#777777">{link}</td></tr>\n'


def _linked(text: str) -> str:
    made, at = [], 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        made += [escape(text[at : found.start()]), f'<a href="{address}">{address}</a>']
        at = found.end()
    return "".join([*made, escape(text[at:])]).replace("\n", "<br>")
