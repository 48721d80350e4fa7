"""What is said about a contact, in its normal form: every fault of an input at once, each at its field."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from domain import validation
from domain.contacts.models import ContactType, PartnerModel
from domain.errors import Faults, FieldPath, InvalidInput, Required

Parser = Callable[..., Any]

MAX_PART_OF_NAME = 99
MAX_JOB_TITLE = 100
MAX_URL = 500
MAX_PAYMENT_TERMS_DAYS = 120
LANGUAGES = ("en", "nl")
_PARTNER_CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


class InvalidUrl(InvalidInput):
    code = "INVALID_URL"
    nl = "Geen webadres; verwacht https://… of http://…."
    en = "Not a web address; expected https://… or http://…."


class InvalidPartnerCode(InvalidInput):
    code = "INVALID_PARTNER_CODE"
    nl = "Verwacht 1 tot 40 kleine letters, cijfers of koppeltekens, zoals groendus."
    en = "Expected 1 to 40 lower-case letters, digits or hyphens, such as groendus."


def web_address(value: str, *field: str | int) -> str:
    """An address of a web site with its scheme; no login in it."""
    url = validation.name(value, *field, maximum=MAX_URL)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise InvalidUrl(field=field) from error
    if parts.scheme not in ("http", "https") or "." not in host or parts.username or " " in url:
        raise InvalidUrl(field=field)
    return url


def partner_code(value: str, *field: str | int) -> str:
    """The short name of a partner in web addresses and integrations."""
    code = validation.name(value, *field, maximum=40).lower()
    if not _PARTNER_CODE.fullmatch(code):
        raise InvalidPartnerCode(field=field)
    return code


def _part_of_name(value: str, *field: str | int) -> str:
    return validation.name(value, *field, maximum=MAX_PART_OF_NAME)


def _job_title(value: str, *field: str | int) -> str:
    return validation.name(value, *field, maximum=MAX_JOB_TITLE)


def _language(value: str, *field: str | int) -> str:
    return validation.choice(value, LANGUAGES, *field)


def _payment_terms(value: int, *field: str | int) -> int:
    return validation.integer(value, 0, MAX_PAYMENT_TERMS_DAYS, *field)


def _partner_model(value: str, *field: str | int) -> str:
    return validation.choice(value, tuple(model.value for model in PartnerModel), *field)


_EVERYBODY: dict[str, Parser] = {
    "name": validation.name,
    "email": validation.email,
    "phone": validation.phone,
    "language": _language,
}
_PERSON: dict[str, Parser] = _EVERYBODY | {
    "first_name": _part_of_name,
    "last_name": _part_of_name,
    "job_title": _job_title,
}
_ORGANIZATION: dict[str, Parser] = _EVERYBODY | {
    "legal_name": validation.name,
    "website": web_address,
    "kvk_number": validation.kvk_number,
    "vat_number": validation.vat_number,
    "iban": validation.iban,
    "partner_model": _partner_model,
    "partner_code": partner_code,
    "payment_terms_days": _payment_terms,
}
PARSERS = {ContactType.PERSON: _PERSON, ContactType.ORGANIZATION: _ORGANIZATION}


def parse(kind: ContactType, given: Mapping[str, Any], *, new: bool, at: FieldPath = ()) -> dict[str, Any]:
    """The given columns in their normal form; null or blank empties a column. A new contact needs a name.

    A person's name may be given in its two parts. Raises all faults together, under the path `at`.
    """
    with Faults() as faults, faults.at(*at):
        return _parsed(PARSERS[kind], given, new)
    raise AssertionError("Faults raises what it collected")


def _parsed(parsers: Mapping[str, Parser], given: Mapping[str, Any], new: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    with Faults() as faults:
        for column, value in given.items():
            with faults.at(column):
                values[column] = validation.optional(parsers[column], value)
        if new and not values.get("name"):
            values["name"] = full_name(values.get("first_name"), values.get("last_name"))
        faulty = {error.field[0] for error in faults.errors}
        if "name" in values and not values["name"] and not faulty & {"name", "first_name", "last_name"}:
            faults.add(Required(field=("name",)))
    return {column: value for column, value in values.items() if value or column != "language"}


def full_name(first_name: str | None, last_name: str | None) -> str:
    """The display name of a person."""
    return " ".join(part for part in (first_name, last_name) if part)
