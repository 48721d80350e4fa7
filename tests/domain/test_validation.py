import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import errors, validation
from domain.errors import InvalidInput
from domain.validation import HouseNumber

ONE_ARGUMENT: list[Callable[..., object]] = [
    validation.text,
    validation.name,
    validation.postcode,
    validation.house_number,
    validation.house_addition,
    validation.email,
    validation.phone,
    validation.kvk_number,
    validation.vat_number,
    validation.iban,
    validation.country,
]
GOOD: list[tuple[Callable[..., object], str, object]] = [
    (validation.postcode, " 3861sb ", "3861 SB"),
    (validation.postcode, "nl-1012 JS", "1012 JS"),
    (validation.postcode, "9999ZZ", "9999 ZZ"),
    (validation.postcode, "\uff11\uff12\uff13\uff14 AB", "1234 AB"),
    (validation.house_number, "12", HouseNumber(12)),
    (validation.house_number, "12a", HouseNumber(12, "A")),
    (validation.house_number, "12 a - 2", HouseNumber(12, "A-2")),
    (validation.house_number, "12-3", HouseNumber(12, "3")),
    (validation.house_number, "12/bis", HouseNumber(12, "BIS")),
    (validation.house_number, "99999", HouseNumber(99999)),
    (validation.house_addition, "a 2", "A-2"),
    (validation.email, "Piet.Jansen@Example.NL", "piet.jansen@example.nl"),
    (validation.email, "info@café.nl", "info@xn--caf-dma.nl"),
    (validation.phone, "020-7940800", "+31207940800"),
    (validation.phone, "06 12345678", "+31612345678"),
    (validation.phone, "+32 2 555 12 12", "+3225551212"),
    (validation.phone, "0031612345678", "+31612345678"),
    (validation.kvk_number, "1234 5678", "12345678"),
    (validation.kvk_number, "00000001", "00000001"),
    (validation.vat_number, "NL004495445B01", "NL004495445B01"),
    (validation.vat_number, "nl 0024.55.799.B11", "NL002455799B11"),
    (validation.vat_number, "004495445B01", "NL004495445B01"),
    (validation.vat_number, "BE 0697 449 992", "BE0697449992"),
    (validation.vat_number, "ATU57194903", "ATU57194903"),
    (validation.iban, "nl91 abna 0417 1643 00", "NL91ABNA0417164300"),
    (validation.iban, "DE89370400440532013000", "DE89370400440532013000"),
    (validation.country, "nl", "NL"),
    (validation.name, " Jan  de\N{NO-BREAK SPACE}Vries ", "Jan de Vries"),
    (validation.name, "Rene\u0301", "Ren\u00e9"),
    (validation.text, "\n een\r\ntwee\rdrie\tvier ", "een\ntwee\ndrie\tvier"),
    (validation.text, "\U0001f469\u200d\U0001f527", "\U0001f469\u200d\U0001f527"),
]
BAD: list[tuple[Callable[..., object], str, str]] = [
    (validation.postcode, "0999 AB", "INVALID_POSTCODE"),
    (validation.postcode, "1234 SS", "INVALID_POSTCODE"),
    (validation.postcode, "1234 sa", "INVALID_POSTCODE"),
    (validation.postcode, "1234 SD", "INVALID_POSTCODE"),
    (validation.postcode, "1234 A", "INVALID_POSTCODE"),
    (validation.postcode, "1234 AB\u202e", "UNSAFE_TEXT"),
    (validation.postcode, "1234 AB 1234 AB 1234", "TOO_LONG"),
    (validation.house_number, "0", "INVALID_HOUSE_NUMBER"),
    (validation.house_number, "-1", "INVALID_HOUSE_NUMBER"),
    (validation.house_number, "A12", "INVALID_HOUSE_NUMBER"),
    (validation.house_number, "123456", "INVALID_HOUSE_NUMBER"),
    (validation.house_number, "12 é", "INVALID_HOUSE_NUMBER"),
    (validation.house_number, "12 ABCDEFGHIJK", "TOO_LONG"),
    (validation.house_addition, "---", "INVALID_HOUSE_NUMBER"),
    (validation.email, "piet", "INVALID_EMAIL"),
    (validation.email, "piet@localhost", "INVALID_EMAIL"),
    (validation.email, "piët@example.nl", "INVALID_EMAIL"),
    (validation.email, "Piet <piet@example.nl>", "INVALID_EMAIL"),
    (validation.email, "piet@example.nl\nBcc: x@example.nl", "UNSAFE_TEXT"),
    (validation.email, "p" * 65 + "@example.nl", "INVALID_EMAIL"),
    (validation.email, "p@" + "a." * 130 + "nl", "TOO_LONG"),
    (validation.phone, "112", "INVALID_PHONE"),
    (validation.phone, "020-794080", "INVALID_PHONE"),
    (validation.phone, "020-7940800 ext. 5", "INVALID_PHONE"),
    (validation.phone, "niet bekend", "INVALID_PHONE"),
    (validation.kvk_number, "1234567", "INVALID_KVK_NUMBER"),
    (validation.kvk_number, "123456789", "INVALID_KVK_NUMBER"),
    (validation.kvk_number, "00000000", "INVALID_KVK_NUMBER"),
    (validation.kvk_number, "١٢٣٤٥٦٧٨", "INVALID_KVK_NUMBER"),
    (validation.vat_number, "NL123456789B90", "INVALID_VAT_NUMBER"),
    (validation.vat_number, "NL004495445B00", "INVALID_VAT_NUMBER"),
    (validation.vat_number, "US123456789", "INVALID_VAT_NUMBER"),
    (validation.vat_number, "NL", "INVALID_VAT_NUMBER"),
    (validation.iban, "NL91ABNA0417164301", "INVALID_IBAN"),
    (validation.iban, "NL91ABNA041716430", "INVALID_IBAN"),
    (validation.iban, "XX91ABNA0417164300", "INVALID_IBAN"),
    (validation.country, "EU", "INVALID_COUNTRY"),
    (validation.country, "NLD", "INVALID_COUNTRY"),
    (validation.name, "Jan\nde Vries", "UNSAFE_TEXT"),
    (validation.name, "Jan\u202eseirV", "UNSAFE_TEXT"),
    (validation.name, "Jan\u2066", "UNSAFE_TEXT"),
    (validation.name, "J\u200ban", "UNSAFE_TEXT"),
    (validation.name, "a" * 201, "TOO_LONG"),
    (validation.text, "a\x00b", "UNSAFE_TEXT"),
    (validation.text, "a\u2028b", "UNSAFE_TEXT"),
    (validation.text, "\ud800", "UNSAFE_TEXT"),
    (validation.text, "a" * 10_001, "TOO_LONG"),
]


@pytest.mark.parametrize(("parse", "value", "normal"), GOOD)
def test_values_are_brought_to_their_normal_form(parse: Callable[..., object], value: str, normal: object) -> None:
    assert parse(value) == normal


@pytest.mark.parametrize(("parse", "value", "code"), BAD)
def test_faults_have_a_code_and_a_place(parse: Callable[..., object], value: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(value, "parties", 2, "value")
    assert (caught.value.code, caught.value.field) == (code, ("parties", 2, "value"))
    assert caught.value.message("nl") != caught.value.message("en")


@pytest.mark.parametrize("parse", ONE_ARGUMENT)
def test_every_value_must_be_given_as_text(parse: Callable[..., object]) -> None:
    for value in ("", " \t "):
        with pytest.raises(errors.Required):
            parse(value)
    for wrong in (None, 1.5, True, ["x"]):
        with pytest.raises(errors.WrongType):
            parse(wrong)
    with pytest.raises(errors.TooLong):
        parse("1" * 1_000_000)


@pytest.mark.parametrize("parse", ONE_ARGUMENT)
@given(value=st.text(max_size=60))
def test_any_text_is_either_normal_or_refused(parse: Callable[..., object], value: str) -> None:
    try:
        normal = str(parse(value))
    except InvalidInput:
        return
    assert str(parse(normal)) == normal
    assert unicodedata.is_normalized("NFC", normal)
    assert parse in (validation.text, validation.name) or normal.isascii()


@given(st.text(max_size=30))
def test_accepted_text_shows_as_it_is_stored(value: str) -> None:
    try:
        kept = validation.text(value)
    except InvalidInput:
        return
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", kept)


def test_the_message_names_the_unsafe_character_and_its_place() -> None:
    with pytest.raises(validation.UnsafeText) as caught:
        validation.name("Jan\u202eseirV")
    assert caught.value.message("en") == "The character U+202E at position 4 is not allowed."


def test_bounds_of_a_text() -> None:
    assert validation.name("abc", minimum=3, maximum=3) == "abc"
    assert validation.name("  ", minimum=0) == ""
    with pytest.raises(errors.TooShort, match="3"):
        validation.name("ab", minimum=3)


def test_a_house_number_may_be_a_number() -> None:
    assert validation.house_number(7) == HouseNumber(7)
    assert [str(HouseNumber(12, addition)) for addition in (None, "A-2", "3")] == ["12", "12A-2", "12-3"]
    assert validation.house_number(str(HouseNumber(12, "3"))) == HouseNumber(12, "3")


def test_optional_values() -> None:
    assert validation.optional(validation.postcode, None) is None
    assert validation.optional(validation.postcode, "  ") is None
    assert validation.optional(validation.postcode, "1234ab") == "1234 AB"
    with pytest.raises(validation.InvalidPostcode) as caught:
        validation.optional(validation.postcode, "x", "postcode")
    assert caught.value.field == ("postcode",)


def test_choices_and_numbers() -> None:
    assert validation.choice("b", ("a", "b")) == "b"
    with pytest.raises(errors.NotAChoice, match="a, b"):
        validation.choice("c", ("b", "a"))
    assert validation.integer(3, 1, 3) == 3
    for value in (0, 4):
        with pytest.raises(errors.OutOfRange):
            validation.integer(value, 1, 3)
    for wrong in (True, 1.0, "1"):
        with pytest.raises(errors.WrongType):
            validation.integer(wrong, 0, 3)  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize("value", [{}, {"a": [1, None, {"b": "x"}]}, {"path": "C:\\\\u0000"}, {"n": 2**63}])
def test_json_objects(value: Any) -> None:
    assert validation.json_object(value, "data", maximum=100) == value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (7, "WRONG_TYPE"),
        ([], "WRONG_TYPE"),
        ("{}", "WRONG_TYPE"),
        (None, "WRONG_TYPE"),
        ({"n": 2**70}, "WRONG_TYPE"),
        ({"n": float("inf")}, "WRONG_TYPE"),
        ({"s": "\ud800"}, "WRONG_TYPE"),
        ({"s": "a\x00b"}, "UNSAFE_TEXT"),
        ({"\x00": 1}, "UNSAFE_TEXT"),
        ({"s": "x" * 100}, "TOO_LONG"),
    ],
)
def test_what_postgresql_could_not_keep_as_json(value: Any, code: str) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        validation.json_object(value, "data", maximum=100)
    assert (refused.value.code, refused.value.field) == (code, ("data",))


def test_every_fault_of_a_form_is_reported_at_once() -> None:
    with pytest.raises(errors.DomainErrors) as caught:
        _check_form({"postcode": "x", "email": "y", "iban": ""})
    assert [(error.code, error.field) for error in caught.value.errors] == [
        ("INVALID_POSTCODE", ("postcode",)),
        ("INVALID_EMAIL", ("email",)),
        ("REQUIRED", ("iban",)),
    ]


def _check_form(form: dict[str, str]) -> None:
    with errors.Faults() as faults:
        faults.take(validation.postcode, form["postcode"], "postcode")
        faults.take(validation.email, form["email"], "email")
        faults.take(validation.iban, form["iban"], "iban")
