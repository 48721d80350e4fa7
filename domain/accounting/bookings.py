"""What is told to an accounting package, in no package's own terms. Amounts in cents; a credit is negative."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

import orjson

from domain.accounting.models import RecordKind
from domain.events.record import plain


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or supplier, as it stood on its newest document."""

    id: UUID
    name: str
    is_organization: bool
    street: str = ""
    """With the house number."""
    postal_code: str = ""
    city: str = ""
    country: str = "NL"
    email: str = ""
    vat_number: str = ""
    kvk_number: str = ""
    payment_terms_days: int = 14
    external_id: str | None = None
    """Set where it is there already."""

    @property
    def reference(self) -> str:
        """By which it is found there: its id, 32 hexadecimal digits."""
        return self.id.hex


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document. `account` is a role of our ledger, `vat` a key of mapping.VAT_KEYS."""

    description: str
    account: str
    vat: str
    net_cents: int
    vat_cents: int


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or credit note, ours or one that we made out to ourselves."""

    kind: RecordKind
    number: str
    contact_external_id: str
    issued_on: date
    due_on: date
    currency: str
    lines: tuple[Line, ...]

    @property
    def net_cents(self) -> int:
        return sum(line.net_cents for line in self.lines)

    @property
    def vat_cents(self) -> int:
        return sum(line.vat_cents for line in self.lines)

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


@dataclass(frozen=True, slots=True)
class Settlement:
    """A part of a payment that settles one document; negative where money went back."""

    reference: str
    document_kind: RecordKind
    document_external_id: str
    document_number: str
    paid_on: date
    cents: int
    currency: str


Booking = Party | Document | Settlement


@dataclass(frozen=True, slots=True)
class Found:
    """What the package has: its id, and amounts where it is a document."""

    external_id: str
    gross_cents: int | None = None
    vat_cents: int | None = None


@dataclass(frozen=True, slots=True)
class There:
    """A document in the package, for reconciliation."""

    number: str
    gross_cents: int
    paid_cents: int


def content_hash(booking: Booking, mapped: Iterable[str] = ()) -> str:
    """SHA-256 of a booking; `external_id` of a party does not count, it is no content."""
    values = {key: plain(value) for key, value in asdict(booking).items() if key != "external_id"}
    return hashlib.sha256(orjson.dumps([values, list(mapped)], option=orjson.OPT_SORT_KEYS)).hexdigest()


def euros(cents: int) -> str:
    """`-1234.05`; a string, so that no float is between two sets of books."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
