"""An invoice as it is printed: everything that its documents say, and nothing that has to be looked up.

Amounts are integer cents with the sign that the reader sees: those of a credit note are positive.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from domain.invoices.models import CREDITS, InvoiceKind


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as of the day of the invoice."""

    name: str
    legal_name: str = ""
    street: str = ""
    house_number: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = "NL"
    """ISO 3166-1 alpha-2."""
    kvk_number: str = ""
    vat_number: str = ""
    iban: str = ""
    email: str = ""
    phone: str = ""
    identifier: str = ""
    """Ours, for who has no number of a register."""
    is_person: bool = False

    @property
    def registered_name(self) -> str:
        return self.legal_name or self.name

    @property
    def street_line(self) -> str:
        return f"{self.street} {self.house_number}".strip()


class LogoFormat(StrEnum):
    SVG = "svg"
    PNG = "png"


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that lies on this machine; documents fetch nothing."""

    format: LogoFormat
    content: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """How a brand's documents look, and who is behind it."""

    brand: str
    website: str = ""
    email: str = ""
    phone: str = ""
    primary: str = ""
    """A colour of its theme; the template's own when empty."""
    terms: str = ""
    logo: Logo | None = None


@dataclass(frozen=True, slots=True)
class PrintableLine:
    """round(quantity * unit price) - discount = net."""

    description: str
    quantity: Decimal
    unit: str
    unit_price_cents: int
    net_cents: int
    vat_cents: int
    vat_rate: Decimal
    vat_category: str
    discount_percent: Decimal = Decimal(0)
    discount_cents: int = 0
    sku: str = ""
    order_number: str = ""
    order_reference: str = ""
    """The partner's or customer's own number of the order."""
    portion_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VatPart:
    """The lines of one category and rate, summed."""

    category: str
    """UNCL 5305."""
    rate: Decimal
    net_cents: int
    vat_cents: int
    reason: str = ""
    """Why there is no VAT, in the document's language."""


@dataclass(frozen=True, slots=True)
class Credited:
    """The invoice that a credit note takes something off."""

    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class PrintableInvoice:
    """One invoice, credit note or self-billing invoice."""

    kind: InvoiceKind
    part: str
    number: str
    language: str
    currency: str
    issued_on: date
    supplied_on: date
    due_on: date
    payment_terms_days: int
    seller: Party
    buyer: Party
    look: Look
    lines: tuple[PrintableLine, ...]
    vat: tuple[VatPart, ...]
    net_cents: int
    vat_cents: int
    gross_cents: int
    payment_reference: str = ""
    reference: str = ""
    order_number: str = ""
    credits: Credited | None = None
    period_month: date | None = None
    reason: str = ""
    notes: str = ""

    @property
    def is_credit(self) -> bool:
        return self.kind in CREDITS

    @property
    def is_self_billed(self) -> bool:
        return self.kind in (InvoiceKind.SELF_BILLING, InvoiceKind.SELF_BILLING_CREDIT)

    @property
    def is_payable(self) -> bool:
        """Whether the reader is asked to pay."""
        return self.kind is InvoiceKind.INVOICE and self.gross_cents > 0

    def untaxed(self) -> "PrintableInvoice":
        """What a seller without a VAT number supplies is not exempt (EN 16931, BR-E-02) but outside the tax: category
        O, which names no VAT number of the buyer either (BR-O-02)."""
        if self.seller.vat_number or {part.category for part in self.vat} != {"E"}:
            return self
        return replace(
            self,
            buyer=replace(self.buyer, vat_number=""),
            vat=tuple(replace(part, category="O") for part in self.vat),
            lines=tuple(replace(line, vat_category="O") for line in self.lines),
        )

    def by_order(self) -> Iterator[tuple[str, list[PrintableLine]]]:
        """Its lines per order, in the order in which orders first appear; one group where it is of one order."""
        groups: dict[str, list[PrintableLine]] = {}
        for line in self.lines:
            groups.setdefault(line.order_number, []).append(line)
        yield from groups.items()


class EntryKind(StrEnum):
    """What a line of a statement of account is."""

    INVOICE = "INVOICE"
    CREDIT = "CREDIT"
    PAYMENT = "PAYMENT"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """One document or payment of an account; positive amounts are owed by the reader."""

    on: date
    kind: EntryKind
    number: str
    amount_cents: int
    open_cents: int = 0
    due_on: date | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class PrintableStatement:
    """The account of one contact with one business entity over a period."""

    language: str
    currency: str
    on: date
    since: date
    seller: Party
    customer: Party
    look: Look
    opening_cents: int
    entries: tuple[StatementEntry, ...]
    closing_cents: int
    overdue_cents: int = 0
    letter: str = ""
    """Paragraphs above the table, such as a reminder's."""
    payment_reference: str = ""
    heading: str = ""
    """In place of `Rekeningoverzicht`."""
