"""The looks of a portal: known tokens with values that are safe to put into a style sheet."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from domain.entities.errors import InvalidThemeValue, UnknownThemeToken
from domain.errors import Duplicate, Faults, InvalidInput, TooMany

_NUMBER = r"[0-9]{1,3}(?:\.[0-9]{1,3})?"
_COLOR = re.compile(
    r"#(?:[0-9a-f]{3}|[0-9a-f]{4}|[0-9a-f]{6}|[0-9a-f]{8})"
    rf"|rgba?\({_NUMBER}%?(?:(?:, ?| ){_NUMBER}%?){{2}}(?:(?:, ?| / ?){_NUMBER}%?)?\)"
    rf"|hsla?\({_NUMBER}(?:deg)?(?:(?:, ?| ){_NUMBER}%){{2}}(?:(?:, ?| / ?){_NUMBER}%?)?\)",
    re.IGNORECASE | re.ASCII,
)
_SIZE = re.compile(rf"0|{_NUMBER}(?:px|rem|em|%)", re.ASCII)
_FONTS = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,40}(?:, ?[A-Za-z][A-Za-z0-9 -]{0,40}){0,4}")

_A_COLOR = {"nl": "een kleur, zoals #00b67a of rgb(0 182 122)", "en": "a colour, such as #00b67a or rgb(0 182 122)"}
_A_SIZE = {"nl": "een maat, zoals 8px of 1.25rem", "en": "a size, such as 8px or 1.25rem"}
_SOME_FONTS = {
    "nl": "namen van lettertypen, zoals Inter, sans-serif",
    "en": "names of fonts, such as Inter, sans-serif",
}

_KINDS = {"color": (_COLOR, _A_COLOR), "size": (_SIZE, _A_SIZE), "fonts": (_FONTS, _SOME_FONTS)}
TOKENS: dict[str, str] = {
    "colorPrimary": "color",
    "colorOnPrimary": "color",
    "colorSecondary": "color",
    "colorAccent": "color",
    "colorBackground": "color",
    "colorSurface": "color",
    "colorText": "color",
    "colorMuted": "color",
    "colorBorder": "color",
    "colorLink": "color",
    "colorSuccess": "color",
    "colorWarning": "color",
    "colorDanger": "color",
    "fontFamily": "fonts",
    "headingFontFamily": "fonts",
    "fontSize": "size",
    "radius": "size",
    "spacing": "size",
    "logoHeight": "size",
}
"""Token → kind of its value."""


def parse_theme(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """`[{name, value}]` as `{name: value}`; raises all faults together, each at its position."""
    theme: dict[str, str] = {}
    with Faults() as faults:
        for position, token in enumerate(given):
            if position >= len(TOKENS):
                faults.add(TooMany(maximum=len(TOKENS)))
                break
            with faults.at(position):
                _add(theme, str(token["name"]), str(token["value"]).strip())
    return theme


def _add(theme: dict[str, str], name: str, value: str) -> None:
    if name not in TOKENS:
        raise UnknownThemeToken(field=("name",), choices=", ".join(TOKENS))
    if name in theme:
        raise Duplicate(field=("name",))
    pattern, expected = _KINDS[TOKENS[name]]
    if not pattern.fullmatch(value):
        raise InvalidThemeValue(field=("value",), expected=expected)
    theme[name] = value


def safe(stored: Mapping[str, Any]) -> dict[str, str]:
    """The tokens of a stored theme that may be shown; whatever else a row holds stays there."""
    shown: dict[str, str] = {}
    for name, value in stored.items():
        try:
            _add(shown, name, str(value))
        except InvalidInput:
            continue
    return shown
