"""What reading a mail yields: the fields of orders, each with its confidence and its place in the source."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from domain.mail_reading.message import MailMessage
from domain.mail_reading.template import Template

THRESHOLD = 0.90
"""Fields below it are asked (N9)."""

ORDER_ID = "$.partner_order_id"
NAME = "$.customer.name"
EMAIL = "$.customer.email"
PHONE = "$.customer.phone"
STREET = "$.customer.address.street"
HOUSE_NUMBER = "$.customer.address.house_number"
POSTCODE = "$.customer.address.postal_code"
CITY = "$.customer.address.city"
PREFERRED_DATE = "$.installation_preferences.preferred_date"
NOTES = "$.installation_preferences.notes"
DEALER_GROUP = "$.partner_references.dealer_group_id"
PURCHASE_ORDER = "$.partner_references.purchase_order"
CUSTOMER_ACCOUNT = "$.partner_references.customer_account"
PRODUCTS = "$.products"
SKU, QUANTITY, DESCRIPTION = "partner_sku", "quantity", "description"
PRODUCT_FIELDS = (SKU, QUANTITY, DESCRIPTION)
PLAIN = (
    ORDER_ID, NAME, EMAIL, PHONE, STREET, HOUSE_NUMBER, POSTCODE, CITY,
    PREFERRED_DATE, NOTES, DEALER_GROUP, PURCHASE_ORDER, CUSTOMER_ACCOUNT,
)  # fmt: skip
REQUIRED = (ORDER_ID, NAME, EMAIL, PHONE, POSTCODE, PRODUCTS)
"""N2, and something to install."""
MOST_PRODUCTS = 50
_OF_A_PRODUCT = re.compile(r"\$\.products\[(\d{1,3})\]\.(partner_sku|quantity|description)")


class Method(StrEnum):
    """How a value was found."""

    LABEL = "LABEL"
    """Beside words that mean the field."""
    COLUMN = "COLUMN"
    """In a table, under words that mean the field."""
    PATTERN = "PATTERN"
    """By its form alone, like an e-mail address."""
    SENTENCE = "SENTENCE"
    """In running text."""
    KNOWN = "KNOWN"
    """It is one of the partner's article numbers or their names."""
    FUZZY = "FUZZY"
    """What is written is close to something known, which is the value; `text` is what is written."""
    LEARNED = "LEARNED"
    """Where corrections showed the field to be."""
    MODEL = "MODEL"
    """By an extractor outside."""


@dataclass(frozen=True, slots=True)
class ExtractedField:
    """A value in its normal form, and where it stands: `text` is what is written there.

    `part` is an index of MailMessage.parts, or SUBJECT; `confidence` is the chance that the value is right.
    """

    value: str | int
    confidence: float
    part: int
    start: int
    end: int
    text: str
    method: str

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "ExtractedField":
        return cls(**{name: kept[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class ExtractedOrder:
    """The fields of one order by JSON path, and which required ones the mail does not say."""

    fields: Mapping[str, ExtractedField]
    missing: Sequence[str] = field(default=())

    def document(self) -> dict[str, Any]:
        """What was read, as the JSON that a partner would have sent; nothing that was not read."""
        return document_of({path: found.value for path, found in self.fields.items()})

    def doubtful(self, threshold: float = THRESHOLD) -> list[str]:
        """The paths that somebody has to look at."""
        return [path for path, found in self.fields.items() if found.confidence < threshold]


def product_path(position: int, name: str) -> str:
    """The path of a field of a product."""
    return f"$.products[{position}].{name}"


def product_field(path: str) -> tuple[int, str] | None:
    """Which product's which field a path names; None where it is none of a product's."""
    found = _OF_A_PRODUCT.fullmatch(path)
    return (int(found[1]), found[2]) if found else None


def is_path(path: str) -> bool:
    """Whether a mail is read for it."""
    return path in PLAIN or product_field(path) is not None


def document_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by JSON path as the document; products in the order of their positions, without gaps."""
    document: dict[str, Any] = {}
    products: dict[int, dict[str, Any]] = {}
    for path, value in values.items():
        product = product_field(path)
        if product is not None:
            products.setdefault(product[0], {})[product[1]] = value
        elif path in PLAIN:
            _put(document, path[2:].split("."), value)
    if products:
        document["products"] = [products[position] for position in sorted(products)]
    return document


def _put(document: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        document = document.setdefault(name, {})
    document[names[-1]] = value


def missing_in(paths: Iterable[str]) -> list[str]:
    """The required paths that are not among these."""
    there = set(paths)
    products = any(product_field(path) for path in there)
    return [path for path in REQUIRED if path not in there and not (path == PRODUCTS and products)]


@dataclass(frozen=True)
class Known:
    """What a partner's mail can be checked against.

    `skus`: the partner's article numbers and what they are called; `places`: by four postcode digits, the place.
    """

    skus: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)


class Extractor(Protocol):
    """Whatever reads orders out of a mail."""

    async def extract(
        self, message: MailMessage, templates: Sequence[Template], known: Known
    ) -> list[ExtractedOrder]: ...
