"""What templates may do and what they may not; what a value can do to a message, which is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import DomainError, InvalidInput
from domain.mail.service import Mail
from domain.notifications import letter, messages, rendering
from domain.notifications.catalogue import KINDS
from domain.notifications.errors import TemplateNotAllowed, TemplateSyntax, UnknownVariable
from domain.notifications.kinds import Kind, default_text
from domain.notifications.models import Channel, Language
from domain.notifications.rendering import RenderingFailed
from domain.notifications.templates import LONGEST

KIND = KINDS["order.scheduled"]
NL, EN = Language.NL, Language.EN

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ order.__class__ }}",
    "{{ order.number.__class__ }}",
    "{{ order['number'] }}",
    "{{ (order.number|upper).__class__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum() }}",
    "{{ order.number|attr('__class__') }}",
    "{{ order.number|format('x') }}",
    "{{ config }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% for i in order.number %}{{ i }}{% endfor %}",
    "{% set x = order.number %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{{ 'a' * 10000000 }}",
    "{{ 9 ** 99999 }}",
    "{{ order.number ~ order.number }}",
    "{{ [order.number, order.number] }}",
    "{{ {'a': order.number} }}",
    "{{ order.number|replace('a', 'b') }}",
    "{{ order.number|center(100000000) }}",
    "{{ order.number|default(order.number) }}",
    "{{ order }}",
    "{{ 1 is divisibleby 1 }}",
]
CUT_OUT = (
    *("script", "onclick", "onload", "<style", "<form", "<input", "<iframe", "<meta", "<svg"),
    *("position", "url(", "data:", "mso"),
)


def example(kind: Kind, **values: str | None) -> dict[str, object]:
    given = rendering.examples(kind) | {name.replace("_", ".", 1): value for name, value in values.items()}
    return rendering.typed(kind.named.values(), given)


@pytest.mark.parametrize("source", ESCAPES)
def test_whatever_reaches_beyond_the_declared_values_is_refused_when_it_is_saved(source: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rendering.checked(source, KIND, "text")
    assert refused.value.field == ("text",)
    assert refused.value.code in ("TEMPLATE_NOT_ALLOWED", "UNKNOWN_VARIABLE", "TEMPLATE_SYNTAX")


@pytest.mark.parametrize("source", [s for s in ESCAPES if "import" not in s])
def test_the_sandbox_stands_behind_the_check(source: str) -> None:
    """Were such a text kept after all: nothing of the interpreter comes out, and not much of anything."""
    try:
        text = rendering.filled(source, example(KIND), NL)
    except (RenderingFailed, MemoryError, OverflowError):
        return
    assert "<class" not in text
    assert len(text) <= rendering.MAX_OUTPUT


@pytest.mark.parametrize(
    ("source", "line", "column", "variable"),
    [
        ("{{ order.nummer }}", 1, 4, "order.nummer"),
        ("Beste,\n\n  {{ order.number }} en {{ visite.day }}", 3, 28, "visite.day"),
        ("{% if visit.tijd %}x{% endif %}", 1, 7, "visit.tijd"),
    ],
)
def test_an_unknown_variable_is_told_with_its_place(source: str, line: int, column: int, variable: str) -> None:
    with pytest.raises(UnknownVariable) as refused:
        rendering.checked(source, KIND)
    told = refused.value.parameters
    assert (told["line"], told["column"], told["variable"]) == (line, column, variable)
    assert "order.number" in refused.value.message("en")


@pytest.mark.parametrize("source", ["{{", "{% if %}", "a\n{% if order.number %}", "{{ order.number| }}", "{% endif %}"])
def test_what_cannot_be_read_is_told_with_its_line(source: str) -> None:
    with pytest.raises(TemplateSyntax) as refused:
        rendering.checked(source, KIND)
    assert int(str(refused.value.parameters["line"])) >= 1


@pytest.mark.parametrize("source", ["(" * 50_000, "{{ " + "(" * 50_000, "{{ " + "not " * 9_000 + "order.number }}"])
def test_depth_is_bounded(source: str) -> None:
    try:
        rendering.checked(source, KIND)
    except (TemplateNotAllowed, TemplateSyntax):
        return
    assert "{{" not in source


def test_conditions_within_conditions_end_somewhere() -> None:
    deep = "{% if order.number %}" * 100 + "x" + "{% endif %}" * 100
    with pytest.raises(TemplateNotAllowed):
        rendering.checked(deep, KIND)


@given(st.text(max_size=60))
def test_no_source_breaks_the_check(source: str) -> None:
    """Whatever somebody writes is either accepted or refused with a code."""
    try:
        rendering.checked("{{ " + source + " }}", KIND)
    except DomainError:
        return


@given(st.text(max_size=80))
def test_a_value_is_never_taken_for_a_template(value: str) -> None:
    text = rendering.filled("<{{ order.customer }}>", example(KIND, order_customer=value), NL)
    assert text == f"<{value}>"


@given(st.text(max_size=80))
def test_values_are_escaped_in_html(value: str) -> None:
    html = rendering.filled('<p title="{{ order.customer }}">', example(KIND, order_customer=value), NL, html=True)
    inside = html.removeprefix('<p title="').removesuffix('">')
    assert not set('<>"') & set(inside)


@given(st.text(max_size=300))
def test_a_subject_is_one_line(value: str) -> None:
    line = rendering.one_line(f"Bcc\r\nBcc: all@example.nl {value}")
    assert len(line) <= 200
    assert not set("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\x00") & set(line)


def test_no_value_adds_a_header() -> None:
    from email.headerregistry import Address
    from uuid import uuid4

    subject = rendering.one_line("Offerte\r\nBcc: everybody@example.nl")
    mail = Mail(uuid4(), Address("Brand", "post", "brand.nl"), "jan@example.nl", subject, "x", False, 0, "<p>x</p>")
    assert b"\r\nBcc:" not in mail.wire()
    assert b"Subject: Offerte Bcc: everybody@example.nl\r\n" in mail.wire()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_platforms_own_words_are_complete(name: str) -> None:
    """In both languages, on every channel, with every value and with as few as there can be."""
    kind = KINDS[name]
    fewest = {v.name: None if v.optional else v.example for v in kind.named.values()}
    for language in Language:
        for channel in Channel:
            for source in default_text(kind, channel, language):
                rendering.checked(source, kind)
                for values in (rendering.examples(kind), fewest):
                    text = rendering.filled(source, rendering.typed(kind.named.values(), values), language)
                    assert "None" not in text
                    assert "  " not in text
                    assert len(text) <= LONGEST[channel]


def test_dates_and_parts_of_the_day_are_written_in_the_language() -> None:
    source = "{{ visit.day }} {{ visit.block }}{% if visit.block == 'MORNING' %}!{% endif %}"
    rendering.checked(source, KIND)
    assert rendering.filled(source, example(KIND), NL) == "12 maart 2026 ochtend!"
    assert rendering.filled(source, example(KIND), EN) == "12 March 2026 morning!"


def test_a_missing_value_that_is_needed_is_no_empty_text() -> None:
    with pytest.raises(RenderingFailed):
        rendering.typed(KIND.named.values(), rendering.examples(KIND) | {"order.number": None})


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">x</a>',
        '<img src="data:text/html,x">',
        '<p onclick="x()">',
        "<style>p{}</style>",
        '<form action="https://x"><input></form>',
        '<iframe src="https://x"></iframe>',
        '<p style="position:fixed;background-image:url(https://x)">',
        "<!-- [if mso]><b>x</b><![endif] -->",
        '<meta http-equiv="refresh" content="0">',
        '<svg onload="x()">',
    ],
)
def test_html_that_mails_must_not_hold_is_cut_out(bad: str) -> None:
    kept = letter.cleaned(f"<p>ok</p>{bad}")
    assert "<p>ok</p>" in kept
    for word in (
        "script",
        "onclick",
        "onload",
        "<style",
        "<form",
        "<input",
        "<iframe",
        "position",
        "url(",
        "data:",
        "mso",
        "<meta",
    ):
        assert word not in kept


def test_a_page_holds_the_looks_and_a_way_out() -> None:
    page = letter.page(
        "<p>Hallo</p>",
        title="A <b>",
        language=NL,
        brand="Merk & Co",
        logo_url="javascript:x",
        looks={"colorPrimary": "#112233", "fontFamily": "x; }</style>"},
        unsubscribe_url="https://x.example/u?a=1&b=2",
    )
    assert "#112233" in page
    assert "Merk &amp; Co" in page
    assert "javascript" not in page
    assert "</style>" not in page
    assert "A &lt;b&gt;" in page
    assert 'href="https://x.example/u?a=1&amp;b=2"' in page


@given(st.text(max_size=200))
def test_text_becomes_html_without_markup_of_its_own(text: str) -> None:
    html = letter.as_html(text)
    cut = html.replace("<p>", "").replace("</p>", "").replace("<br>", "").replace("</a>", "")
    assert "<script" not in cut
    assert cut.count("<") == cut.count('<a href="')


def test_a_text_that_is_too_long_for_its_channel_is_cut() -> None:
    assert messages.shortened("a" * 500, 480) == "a" * 479 + "…"
    assert messages.shortened("a" * 480, 480) == "a" * 480
