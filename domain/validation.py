"""Values of an input: each function returns the normal form, or raises an InvalidInput at the given field path.

Every text is bounded before anything else looks at it. Checks that need a network (whether a mailbox, a VAT
registration or an address exists) are not made here.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar

import orjson
import phonenumbers
from babel import Locale
from babel.numbers import is_currency
from email_validator import EmailNotValidError, validate_email
from stdnum import iban as stdnum_iban
from stdnum.eu import vat as stdnum_vat
from stdnum.exceptions import ValidationError
from stdnum.nl import postcode as stdnum_postcode

from domain.errors import FieldPath, InvalidInput, NotAChoice, OutOfRange, Required, TooLong, TooShort, WrongType

T = TypeVar("T")

MAX_NAME = 200
MAX_TEXT = 10_000
MAX_EMAIL = 254
MAX_HOUSE_NUMBER = 99_999
MAX_ADDITION = 10
EARLIEST_DAY, LATEST_DAY = date(2000, 1, 1), date(2199, 12, 31)

_WHITE_SPACE = re.compile(r"\s+")
_KVK = re.compile(r"(?!0{8})[0-9]{8}")
_VAT = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,12}")
_HOUSE_NUMBER = re.compile(r"([0-9]{1,5})(?![0-9])(?:[ /-]*([A-Za-z0-9][A-Za-z0-9 /-]*))?")
_ADDITION = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
# Zero-width joiners are part of emoji and of several scripts; other format characters only hide or reorder text.
_JOINERS = "\u200c\u200d"
_BACKSLASH, _NUL = rb"\\", rb"\u0000"


class UnsafeText(InvalidInput):
    code = "UNSAFE_TEXT"
    nl = "Het teken {character} op plaats {position} is niet toegestaan."
    en = "The character {character} at position {position} is not allowed."


class InvalidPostcode(InvalidInput):
    code = "INVALID_POSTCODE"
    nl = "Geen Nederlandse postcode; verwacht vier cijfers en twee letters, zoals 1234 AB."
    en = "Not a Dutch postcode; expected four digits and two letters, such as 1234 AB."


class InvalidHouseNumber(InvalidInput):
    code = "INVALID_HOUSE_NUMBER"
    nl = "Geen geldig huisnummer; verwacht een getal met eventueel een toevoeging, zoals 12 A-2."
    en = "Not a valid house number; expected a number with an optional addition, such as 12 A-2."


class InvalidEmail(InvalidInput):
    code = "INVALID_EMAIL"
    nl = "Geen geldig e-mailadres."
    en = "Not a valid email address."


class InvalidPhone(InvalidInput):
    code = "INVALID_PHONE"
    nl = "Geen geldig telefoonnummer."
    en = "Not a valid telephone number."


class InvalidKvkNumber(InvalidInput):
    code = "INVALID_KVK_NUMBER"
    nl = "Geen geldig KvK-nummer; verwacht acht cijfers."
    en = "Not a valid KvK number; expected eight digits."


class InvalidVatNumber(InvalidInput):
    code = "INVALID_VAT_NUMBER"
    nl = "Geen geldig btw-nummer; verwacht de landcode en het nummer, zoals NL123456789B01."
    en = "Not a valid VAT number; expected the country code and the number, such as NL123456789B01."


class InvalidIban(InvalidInput):
    code = "INVALID_IBAN"
    nl = "Geen geldig IBAN."
    en = "Not a valid IBAN."


class InvalidCountry(InvalidInput):
    code = "INVALID_COUNTRY"
    nl = "Geen landcode van twee letters (ISO 3166-1)."
    en = "Not a two-letter country code (ISO 3166-1)."


def optional(parse: Callable[..., T], value: str | None, *field: str | int) -> T | None:
    """None for None or blank text, else parse(value, *field)."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return parse(value, *field)


def text(value: str, *field: str | int, minimum: int = 1, maximum: int = MAX_TEXT) -> str:
    """Text of several lines in NFC, outer white space cut; no control, bidirectional or invisible characters."""
    lines = _bounded(value, maximum, field).replace("\r\n", "\n").replace("\r", "\n")
    return _checked(lines.strip(), minimum, maximum, field, allowed="\n\t")


def name(value: str, *field: str | int, minimum: int = 1, maximum: int = MAX_NAME) -> str:
    """Text of one line in NFC; runs of white space become one space."""
    line = _bounded(value, maximum, field).strip()
    return _checked(_WHITE_SPACE.sub(" ", _safe(line, field)), minimum, maximum, field)


def _bounded(value: object, maximum: int, field: FieldPath) -> str:
    if not isinstance(value, str):
        raise WrongType(field=field, expected={"nl": "tekst", "en": "text"})
    # Normalization can only be bounded from outside: NFC may shorten or lengthen, so the final length counts too.
    if len(value) > 4 * maximum:
        raise TooLong(field=field, maximum=maximum)
    return value


def _checked(value: str, minimum: int, maximum: int, field: FieldPath, allowed: str = "") -> str:
    normal = unicodedata.normalize("NFC", _safe(value, field, allowed))
    if not normal and minimum:
        raise Required(field=field)
    if len(normal) < minimum:
        raise TooShort(field=field, minimum=minimum)
    if len(normal) > maximum:
        raise TooLong(field=field, maximum=maximum)
    return normal


def _safe(value: str, field: FieldPath, allowed: str = "") -> str:
    for position, character in enumerate(value, start=1):
        if character not in allowed and _is_unsafe(character):
            raise UnsafeText(field=field, character=f"U+{ord(character):04X}", position=position)
    return value


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in _JOINERS


def _token(value: object, maximum: int, field: FieldPath) -> str:
    """A short technical value: bounded, safe, not empty."""
    token = _safe(_bounded(value, maximum, field).strip(), field)
    if not token:
        raise Required(field=field)
    if len(token) > maximum:
        raise TooLong(field=field, maximum=maximum)
    return token


def postcode(value: str, *field: str | int) -> str:
    """A Dutch postcode as "1234 AB"; 1000 to 9999, not SA, SD or SS."""
    try:
        return stdnum_postcode.validate(_token(value, 16, field))
    except ValidationError as error:
        raise InvalidPostcode(field=field) from error


@dataclass(frozen=True, slots=True)
class HouseNumber:
    """A number from 1 and its addition in capitals, parts joined by a hyphen: 12, "A-2"."""

    number: int
    addition: str | None = None

    def __str__(self) -> str:
        if self.addition is None:
            return str(self.number)
        return f"{self.number}{'' if self.addition[0].isalpha() else '-'}{self.addition}"


def house_number(value: str | int, *field: str | int) -> HouseNumber:
    """A house number with or without its addition: 12, "12a", "12 A-2", "12 bis", "12-3"."""
    if type(value) is int:
        value = str(value)
    match = _HOUSE_NUMBER.fullmatch(_token(value, 5 + 2 * MAX_ADDITION, field))
    if not match or not 1 <= int(match[1]) <= MAX_HOUSE_NUMBER:
        raise InvalidHouseNumber(field=field)
    return HouseNumber(int(match[1]), house_addition(match[2], *field) if match[2] else None)


def house_addition(value: str, *field: str | int) -> str:
    """The addition to a house number in its normal form: capitals, parts joined by a hyphen."""
    parts = re.split(r"[ /-]+", _token(value, 2 * MAX_ADDITION, field).upper().strip(" /-"))
    addition = "-".join(parts)
    if not _ADDITION.fullmatch(addition):
        raise InvalidHouseNumber(field=field)
    if len(addition) > MAX_ADDITION:
        raise TooLong(field=field, maximum=MAX_ADDITION)
    return addition


def email(value: str, *field: str | int) -> str:
    """An address in ASCII and lower case: mailboxes that differ only in case are one person's."""
    address = _token(value, MAX_EMAIL, field)
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise InvalidEmail(field=field) from error
    return str(found.ascii_email).lower()


def phone(value: str, *field: str | int, country_code: str = "NL") -> str:
    """A telephone number in E.164 ("+31201234567"); national numbers are those of the country."""
    try:
        parsed = phonenumbers.parse(_token(value, 32, field), country_code)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone(field=field) from error
    if parsed.extension or not phonenumbers.is_valid_number(parsed):
        raise InvalidPhone(field=field)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def kvk_number(value: str, *field: str | int) -> str:
    """A number of the Dutch trade register: eight digits, it has no check digit."""
    digits = re.sub(r"[ .]", "", _token(value, 16, field))
    if not _KVK.fullmatch(digits):
        raise InvalidKvkNumber(field=field)
    return digits


def vat_number(value: str, *field: str | int) -> str:
    """A VAT number of an EU member state with its country code; one that starts with a digit is taken as Dutch.

    Dutch numbers may carry either check: that of the RSIN, or modulo 97 as issued to sole traders since 2020.
    """
    number = re.sub(r"[ .-]", "", _token(value, 24, field)).upper()
    try:
        found = stdnum_vat.validate(f"NL{number}" if number[:1].isdigit() else number)
    except ValidationError as error:
        raise InvalidVatNumber(field=field) from error
    if not _VAT.fullmatch(found):
        raise InvalidVatNumber(field=field)
    return found


def iban(value: str, *field: str | int) -> str:
    """An IBAN without spaces; length, structure and check digits are those of its country."""
    try:
        return stdnum_iban.validate(_token(value, 48, field))
    except ValidationError as error:
        raise InvalidIban(field=field) from error


@cache
def _countries() -> frozenset[str]:
    # CLDR's two-letter territories that are no ISO 3166-1 country: groupings, pseudo-locales, unknown.
    no_country = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - no_country


def country(value: str, *field: str | int) -> str:
    """A country code of ISO 3166-1 in capitals."""
    code = _token(value, 8, field).upper()
    if code not in _countries():
        raise InvalidCountry(field=field)
    return code


def choice(value: str, choices: frozenset[str] | tuple[str, ...], *field: str | int) -> str:
    """One of the given texts, exactly."""
    if value not in choices:
        raise NotAChoice(field=field, choices=", ".join(sorted(choices)))
    return value


def currency(value: str, *field: str | int) -> str:
    """A code of ISO 4217."""
    if len(value) != 3 or not value.isupper() or not is_currency(value):
        raise NotAChoice(field=field, choices="ISO 4217, EUR")
    return value


def day(value: date, *field: str | int) -> date:
    """A day that something of a business can have happened on, or will."""
    if not EARLIEST_DAY <= value <= LATEST_DAY:
        raise OutOfRange(field=field, minimum=EARLIEST_DAY.isoformat(), maximum=LATEST_DAY.isoformat())
    return value


def integer(value: int, minimum: int, maximum: int, *field: str | int) -> int:
    """A whole number within the bounds, both included."""
    if type(value) is not int:
        raise WrongType(field=field, expected={"nl": "een geheel getal", "en": "a whole number"})
    if not minimum <= value <= maximum:
        raise OutOfRange(field=field, minimum=minimum, maximum=maximum)
    return value


def json_object(value: object, *field: str | int, maximum: int) -> dict[str, Any]:
    """A JSON object of at most `maximum` bytes that PostgreSQL can keep: no NUL, finite numbers, 64-bit integers."""
    if not isinstance(value, dict):
        raise WrongType(field=field, expected={"nl": "een JSON-object", "en": "a JSON object"})
    try:
        written = orjson.dumps(value)
        json.dumps(value, allow_nan=False)  # orjson would write null for what is not finite
    except (TypeError, ValueError) as unwritable:
        raise WrongType(field=field, expected={"nl": "gewone JSON", "en": "plain JSON"}) from unwritable
    if len(written) > maximum:
        raise TooLong(field=field, maximum=maximum)
    if (position := written.replace(_BACKSLASH, b"  ").find(_NUL)) >= 0:
        raise UnsafeText(field=field, character="U+0000", position=position + 1)
    return value
