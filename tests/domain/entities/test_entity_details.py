"""Looks, hosts and texts of a portal: what is safe passes unchanged, nothing else passes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.entities import details, theme
from domain.entities.errors import InvalidHost, InvalidThemeValue, NotPlainText, UnknownThemeToken
from domain.errors import DomainErrors, Duplicate, InvalidInput

COLORS = [
    "#fff",
    "#FFFF",
    "#00b67a",
    "#00b67aff",
    "rgb(1, 2, 3)",
    "rgb(1 2 3 / 50%)",
    "rgba(1,2,3,0.5)",
    "hsl(160deg 100% 36%)",
]
NO_COLORS = [
    "red",
    "#ff",
    "#ggg",
    "rgb(1,2)",
    "url(x)",
    "#fff;",
    "#fff}",
    "var(--x)",
    "expression(1)",
    "#fff\n",
    "rgb(1 2 3",
    "",
]


@pytest.mark.parametrize("value", COLORS)
def test_colours(value: str) -> None:
    assert theme.parse_theme([{"name": "colorPrimary", "value": value}]) == {"colorPrimary": value}


@pytest.mark.parametrize("value", NO_COLORS)
def test_what_is_no_colour(value: str) -> None:
    with pytest.raises(InvalidThemeValue) as refused:
        theme.parse_theme([{"name": "colorPrimary", "value": value + " ;" if value.endswith("\n") else value}])
    assert refused.value.field == (0, "value")


@given(st.text(max_size=30))
def test_no_value_leaves_its_declaration(value: str) -> None:
    """Whatever is accepted cannot end a CSS declaration, open a comment or call a function that loads something."""
    for name, kind in theme.TOKENS.items():
        try:
            kept = theme.parse_theme([{"name": name, "value": value}])[name]
        except InvalidInput:
            continue
        assert not set(kept) & set(";{}<>\"'\\@:\n\r/*") - ({"/"} if kind == "color" else set())
        assert "url" not in kept.lower() or kind == "fonts"


def test_unknown_and_repeated_tokens() -> None:
    with pytest.raises(DomainErrors) as refused:
        theme.parse_theme([{"name": n, "value": "8px"} for n in ("radius", "radius", "position")])
    assert [(type(error), error.field) for error in refused.value.errors] == [
        (Duplicate, (1, "name")),
        (UnknownThemeToken, (2, "name")),
    ]


def test_a_stored_theme_shows_only_what_is_safe() -> None:
    assert theme.safe({"radius": "8px", "spacing": "1px;x", "other": "#fff", "colorText": 5}) == {"radius": "8px"}


@pytest.mark.parametrize("host", ["portal.example.nl", "chargecars.localhost", "xn--laad-1ra.nl", "a.b"])
def test_host_names(host: str) -> None:
    assert details.host(f" {host.upper()} ") == host


@pytest.mark.parametrize(
    "host", ["localhost", "a b.nl", "a.nl:8000", "a.nl/x", "-a.nl", "a..nl", "a.nl.", "é.nl", "a" * 64 + ".nl"]
)
def test_what_is_no_host_name(host: str) -> None:
    with pytest.raises(InvalidHost):
        details.host(host)


@given(st.text(max_size=60))
def test_a_legal_text_holds_no_tag(text: str) -> None:
    try:
        kept = details.legal_text(text)
    except InvalidInput:
        return
    assert not any(f"<{c}" in kept for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/!?")


def test_signs_are_no_markup() -> None:
    assert details.legal_text("3 < 5 & 5 > 3\n") == "3 < 5 & 5 > 3"
    with pytest.raises(NotPlainText):
        details.legal_text("<a href=x>y</a>")
