"""The document of a partner's order, with exactly its field names; every fault of it at once, each at its JSON path.

document = parse(body)         # bytes or a mapping; raises DomainError or DomainErrors
document.customer.email        # in normal form
document.given                 # as it came, with what we do not know
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from domain import validation
from domain.errors import Faults, FieldPath, InvalidInput, OutOfRange, Required, TooMany, WrongType
from domain.leads.submission import person_name

MOST_BYTES = 64 * 1024
MOST_PRODUCTS = 100
LONGEST_ORDER_ID = 100
LONGEST_SKU = 100
LONGEST_DESCRIPTION = 500
LONGEST_NOTES = 4_000
LONGEST_REFERENCE = 100
LONGEST_ADDRESS_PART = 100
MOST_PIECES = 1_000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXT = {"nl": "tekst", "en": "text"}
_OBJECT = {"nl": "een JSON-object", "en": "a JSON object"}
_LIST = {"nl": "een lijst", "en": "a list"}
_NUMBER = {"nl": "een getal met hoogstens drie decimalen", "en": "a number with at most three decimals"}

T = TypeVar("T")


class InvalidJson(InvalidInput):
    """The body is no JSON at all."""

    code = "INVALID_JSON"
    nl = "Dit is geen geldige JSON in UTF-8."
    en = "This is not valid JSON in UTF-8."


class OrderTooLarge(InvalidInput):
    code = "ORDER_TOO_LARGE"
    nl = "Een bestelling is hoogstens {maximum} bytes."
    en = "An order is at most {maximum} bytes."


class InvalidDate(InvalidInput):
    code = "INVALID_DATE"
    nl = "Geen datum; verwacht jaar-maand-dag, zoals 2026-01-31."
    en = "Not a date; expected year-month-day, such as 2026-01-31."


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class AddressDocument(_Part):
    """Where the work is done. What cannot be verified is kept as given, flagged, and told."""

    street: str | None = Field(
        default=None, description="Street.", max_length=LONGEST_ADDRESS_PART, examples=["Dorpsstraat"]
    )
    house_number: str | None = Field(
        default=None, description="House number, with its addition.", max_length=LONGEST_ADDRESS_PART, examples=["12 A"]
    )
    postal_code: str = Field(
        description="Postcode.", min_length=1, max_length=LONGEST_ADDRESS_PART, examples=["1234 AB"]
    )
    city: str | None = Field(default=None, description="Place.", max_length=LONGEST_ADDRESS_PART, examples=["Utrecht"])


class CustomerDocument(_Part):
    """Who gets the work done."""

    name: str = Field(description="Full name.", min_length=1, max_length=120, examples=["Sanne de Vries"])
    email: str = Field(
        description="E-mail address.", min_length=1, max_length=validation.MAX_EMAIL, examples=["sanne@example.nl"]
    )
    phone: str = Field(
        description="Telephone number; a national one is Dutch.", min_length=1, max_length=32, examples=["0612345678"]
    )
    address: AddressDocument


class ProductDocument(_Part):
    """One wanted product; by the partner's own number, or in words for a person to look at."""

    partner_sku: str | None = Field(
        default=None, description="The partner's article number.", max_length=LONGEST_SKU, examples=["GRO-ALFEN-11"]
    )
    quantity: Annotated[Decimal, Field(description="How many; 1 if left out.", gt=0, le=MOST_PIECES)] = Decimal(1)
    description: str | None = Field(
        default=None, description="In words.", max_length=LONGEST_DESCRIPTION, examples=["Alfen Eve Single 11 kW"]
    )


class PreferencesDocument(_Part):
    """What the customer would like of the installation."""

    preferred_date: date | None = Field(default=None, description="Preferred day.", examples=["2026-12-01"])
    notes: str | None = Field(default=None, description="Anything else.", max_length=LONGEST_NOTES)


class ReferencesDocument(_Part):
    """The partner's own references; they come back with the order and on the invoice."""

    dealer_group_id: str | None = Field(default=None, description="Dealer group.", max_length=LONGEST_REFERENCE)
    purchase_order: str | None = Field(
        default=None, description="Number of the purchase order.", max_length=LONGEST_REFERENCE
    )
    customer_account: str | None = Field(
        default=None, description="The customer's account.", max_length=LONGEST_REFERENCE
    )


class PartnerOrderDocument(_Part):
    """An order of a partner. Fields that are not listed here are kept with it and reported back."""

    partner_order_id: str = Field(
        description="The partner's own number of the order; a second submission of it returns the first order.",
        min_length=1,
        max_length=LONGEST_ORDER_ID,
        examples=["GRO-123456"],
    )
    customer: CustomerDocument
    products: list[ProductDocument] = Field(
        default_factory=list, description="What is wanted.", max_length=MOST_PRODUCTS
    )
    installation_preferences: PreferencesDocument = Field(default_factory=PreferencesDocument)
    partner_references: ReferencesDocument = Field(default_factory=ReferencesDocument)

    _given: dict[str, Any] = PrivateAttr(default_factory=dict)
    _unknown: tuple[str, ...] = PrivateAttr(default=())

    @property
    def given(self) -> dict[str, Any]:
        """As it came, unknown fields included."""
        return self._given

    @property
    def unknown(self) -> tuple[str, ...]:
        """JSON paths of the fields that mean nothing to us."""
        return self._unknown

    @property
    def normal(self) -> dict[str, Any]:
        """In its normal form, as JSON, without what was not said."""
        return self.model_dump(mode="json", exclude_none=True)


def parse(given: bytes | Mapping[str, Any]) -> PartnerOrderDocument:
    """The document in its normal form. Raises DomainError or DomainErrors; each `field` is a path, see `json_path`."""
    read = object_of(given)
    unknown: list[str] = []
    with Faults() as faults:
        values = _document(_Reader(faults, unknown), read)
    document = PartnerOrderDocument.model_validate(values)
    document._given = read
    document._unknown = tuple(unknown)
    return document


def json_path(field: FieldPath) -> str:
    """A path of names and places as JSON path: `$.products[0].partner_sku`."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in field)


# --- reading ------------------------------------------------------------------------------------------------------


def object_of(given: bytes | Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object that can be kept. Raises: InvalidJson, OrderTooLarge, WrongType, UnsafeText."""
    if isinstance(given, bytes):
        if len(given) > MOST_BYTES:
            raise OrderTooLarge(maximum=MOST_BYTES)
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError as error:
            raise InvalidJson() from error
    read = dict(given) if isinstance(given, Mapping) else given
    return validation.json_object(read, maximum=MOST_BYTES)


class _Reader:
    """Takes fields of objects, collecting faults and the names of what it was not asked for."""

    def __init__(self, faults: Faults, unknown: list[str], path: FieldPath = ()) -> None:
        self._faults = faults
        self._unknown = unknown
        self._path = path

    def object(self, given: Mapping[str, Any], name: str, known: tuple[str, ...]) -> "tuple[_Reader, dict[str, Any]]":
        """The object under a name, empty where it is left out, with a reader for it."""
        value = given.get(name)
        below = _Reader(self._faults, self._unknown, (*self._path, name))
        return below, below.checked(value if value is not None else {}, known)

    def checked(self, value: Any, known: tuple[str, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._faults.add(WrongType(expected=_OBJECT, field=self._path))
            return {}
        self._unknown.extend(json_path((*self._path, name)) for name in value if name not in known)
        return value

    def items(self, given: Mapping[str, Any], name: str, most: int) -> "list[tuple[_Reader, Any]]":
        """The items of a list, each with its reader."""
        value, path = given.get(name), (*self._path, name)
        if value is not None and not isinstance(value, list):
            self._faults.add(WrongType(expected=_LIST, field=path))
            return []
        if value is not None and len(value) > most:
            self._faults.add(TooMany(maximum=most, field=path))
            return []
        return [(_Reader(self._faults, self._unknown, (*path, place)), item) for place, item in enumerate(value or [])]

    def required(self, given: Mapping[str, Any], name: str, parse: Callable[[Any], T]) -> T | None:
        if _blank(given.get(name)):
            self._faults.add(Required(field=(*self._path, name)))
            return None
        return self._faults.take(parse, given[name], *self._path, name)

    def optional(self, given: Mapping[str, Any], name: str, parse: Callable[[Any], T]) -> T | None:
        return None if _blank(given.get(name)) else self._faults.take(parse, given[name], *self._path, name)

    def fault(self, error: InvalidInput) -> None:
        self._faults.add(error.under(*self._path))


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _document(reader: _Reader, given: dict[str, Any]) -> dict[str, Any]:
    reader.checked(given, tuple(PartnerOrderDocument.model_fields))
    return {
        "partner_order_id": reader.required(given, "partner_order_id", _line(LONGEST_ORDER_ID)),
        "customer": _customer(*_part(reader, given, "customer", CustomerDocument)),
        "products": [_product(each, item) for each, item in reader.items(given, "products", MOST_PRODUCTS)],
        "installation_preferences": _preferences(
            *_part(reader, given, "installation_preferences", PreferencesDocument)
        ),
        "partner_references": _references(*_part(reader, given, "partner_references", ReferencesDocument)),
    }


def _part(
    reader: _Reader, given: Mapping[str, Any], name: str, model: type[BaseModel]
) -> tuple[_Reader, dict[str, Any]]:
    return reader.object(given, name, tuple(model.model_fields))


def _customer(reader: _Reader, given: dict[str, Any]) -> dict[str, Any]:
    below, address = _part(reader, given, "address", AddressDocument)
    short = _line(LONGEST_ADDRESS_PART)
    return {
        "name": reader.required(given, "name", person_name),
        "email": reader.required(given, "email", validation.email),
        "phone": reader.required(given, "phone", validation.phone),
        "address": {
            "street": below.optional(address, "street", short),
            "house_number": below.optional(address, "house_number", _house_number),
            "postal_code": below.required(address, "postal_code", short),
            "city": below.optional(address, "city", short),
        },
    }


def _product(reader: _Reader, item: Any) -> dict[str, Any]:
    given = reader.checked(item, tuple(ProductDocument.model_fields))
    sku = reader.optional(given, "partner_sku", _line(LONGEST_SKU))
    words = reader.optional(given, "description", _line(LONGEST_DESCRIPTION))
    if isinstance(item, dict) and _blank(given.get("partner_sku")) and _blank(given.get("description")):
        reader.fault(Required(field=("partner_sku",)))
    quantity = reader.optional(given, "quantity", _quantity)
    return {"partner_sku": sku, "quantity": Decimal(1) if quantity is None else quantity, "description": words}


def _preferences(reader: _Reader, given: dict[str, Any]) -> dict[str, Any]:
    return {
        "preferred_date": reader.optional(given, "preferred_date", _date),
        "notes": reader.optional(given, "notes", partial(validation.text, maximum=LONGEST_NOTES)),
    }


def _references(reader: _Reader, given: dict[str, Any]) -> dict[str, Any]:
    names = ReferencesDocument.model_fields
    return {name: reader.optional(given, name, _reference) for name in names}


# --- values -------------------------------------------------------------------------------------------------------


def _line(maximum: int) -> Callable[[Any], str]:
    return partial(validation.name, maximum=maximum)


def _house_number(value: Any) -> str:
    """Also as a JSON number, which many systems send."""
    return validation.name(str(value) if type(value) is int else value, maximum=LONGEST_ADDRESS_PART)


def _reference(value: Any) -> str:
    return validation.name(str(value) if type(value) is int else value, maximum=LONGEST_REFERENCE)


def _quantity(value: Any) -> Decimal:
    """A JSON number above 0; at most three decimals."""
    if type(value) not in (int, float, Decimal):
        raise WrongType(expected=_NUMBER)
    try:
        exact = Decimal(str(value))
    except InvalidOperation as error:
        raise WrongType(expected=_NUMBER) from error
    if not exact.is_finite() or not 0 < exact <= MOST_PIECES:
        raise OutOfRange(minimum="0,001", maximum=MOST_PIECES)
    if exact != round(exact, 3):
        raise WrongType(expected=_NUMBER)
    return exact


def _date(value: Any) -> date:
    if isinstance(value, date):
        return validation.day(value)
    if not isinstance(value, str) or not _DAY.fullmatch(value.strip()):
        raise InvalidDate()
    try:
        return validation.day(date.fromisoformat(value.strip()))
    except ValueError as error:
        raise InvalidDate() from error
