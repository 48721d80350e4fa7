"""An entity with invoices, as they stand in the database once they are issued."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.accounting import connections
from domain.accounting.connections import credentials_of
from domain.accounting.models import AccountingConnection, AccountingPackage, AccountingRecord, ConnectionState
from domain.contacts.models import Contact
from domain.invoices import settling
from domain.invoices.events import InvoiceIssued
from domain.invoices.models import Invoice, InvoiceKind, InvoiceLine
from domain.invoices.telling import tell
from domain.money import Money, VatClass, line_total, vat_rate
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.models import BusinessEntity
from tenants.settings import Settings
from tests import factories

DAY = date(2026, 3, 10)
_CATEGORY = {VatClass.STANDARD: "S", VatClass.REDUCED: "S", VatClass.ZERO: "Z", VatClass.REVERSE_CHARGE: "AE"}
_RULE = {
    VatClass.STANDARD: "NL-STANDARD",
    VatClass.REDUCED: "NL-REDUCED",
    VatClass.ZERO: "NL-ZERO",
    VatClass.REVERSE_CHARGE: "NL-SUBCONTRACTING",
}
_CREDITS = (InvoiceKind.CREDIT_NOTE, InvoiceKind.SELF_BILLING_CREDIT)


@dataclass(frozen=True)
class Sold:
    """A line: how many, at what price, under which VAT."""

    cents: int
    vat: VatClass = VatClass.STANDARD
    count: Decimal = Decimal(1)
    category: str = "CHARGING_STATION"
    rule: str | None = None
    vat_category: str | None = None


@dataclass
class Books:
    """One entity, its customers and its connection."""

    database: Database
    settings: Settings
    entity: BusinessEntity
    customer: Contact
    connection_id: UUID | None = None
    numbers: int = 0
    made: dict[str, UUID] = field(default_factory=dict)

    async def connect(self, package: AccountingPackage, **given: Any) -> UUID:
        """A connection that is tested already."""
        key = {"token": "a token"} if package is AccountingPackage.MONEYBIRD else {"client_key": "a key"}
        async with self.database.session(SYSTEM) as session:
            made = await connections.save(
                session,
                self.settings,
                entity_id=self.entity.id,
                package=package,
                administration="123",
                credentials=given.pop("credentials", key),
                since=date(2026, 1, 1),
                **given,
            )
            made.state = ConnectionState.ACTIVE
            self.connection_id = made.id
        return made.id

    async def credentials(self) -> dict[str, str]:
        return credentials_of(self.settings, await self.connection())

    async def connection(self) -> AccountingConnection:
        async with self.database.session(SYSTEM) as session:
            return await session.get_one(AccountingConnection, self.connection_id)

    async def records(self) -> list[AccountingRecord]:
        query = select(AccountingRecord).where(AccountingRecord.connection_id == self.connection_id)
        async with self.database.session(SYSTEM) as session:
            return list(await session.scalars(query.order_by(AccountingRecord.rank, AccountingRecord.reference)))

    async def invoice(
        self,
        *lines: Sold,
        kind: InvoiceKind = InvoiceKind.INVOICE,
        on: date = DAY,
        credits: UUID | None = None,
        payer: Contact | None = None,
        name: str = "Jan de Vries",
    ) -> UUID:
        """An issued document; credits are given with positive amounts, and booked negative."""
        self.numbers += 1
        infix = "SB-" if kind in (InvoiceKind.SELF_BILLING, InvoiceKind.SELF_BILLING_CREDIT) else ""
        number = f"{self.entity.invoice_prefix}-{infix}{on.year}-{self.numbers:05d}"
        async with self.database.session(SYSTEM) as session:
            id = (await session.execute(select(func.uuidv7()))).scalar_one()
            rows = [_line(id, self.entity.id, place, sold, kind, on) for place, sold in enumerate(lines, start=1)]
            other = {"name": name, "contact_type": "PERSON", "country": "NL", "email": "jan@example.nl"}
            other |= {"street": "Kerkstraat", "house_number": "5", "postal_code": "1234AB", "city": "Utrecht"}
            purchase = bool(infix)
            invoice = Invoice(
                id=id,
                entity_id=self.entity.id,
                number=number,
                kind=kind.value,
                part="CREDIT" if kind in _CREDITS else "COMMISSION" if purchase else "FINAL",
                payer_contact_id=(payer or self.customer).id,
                seller=other if purchase else {"name": self.entity.name},
                payer={"name": self.entity.name} if purchase else other,
                issued_on=on,
                supplied_on=on,
                due_on=on + timedelta(days=14),
                payment_terms_days=14,
                payment_reference=f"RF00{number}",
                net_cents=sum(row.net_cents for row in rows),
                vat_cents=sum(row.vat_cents for row in rows),
                gross_cents=sum(row.gross_cents for row in rows),
                credits_invoice_id=credits,
                sealed_sha256=bytes(32),
            )
            session.add(invoice)
            await session.flush()
            session.add_all(rows)
            issued = InvoiceIssued(number, kind.value, invoice.part, None, invoice.gross_cents, "EUR")
            await tell(session, invoice, issued)
        self.made[number] = id
        return id

    async def pay(self, invoice_id: UUID, cents: int) -> None:
        async with self.database.session(SYSTEM) as session:
            await settling.settle(session, invoice_id, cents, source=("Payment", invoice_id), paid_at=DAY)


def _line(id: UUID, entity_id: UUID, place: int, sold: Sold, kind: InvoiceKind, on: date) -> InvoiceLine:
    amounts = line_total(sold.count, Money(sold.cents), sold.vat, on)
    amounts = -amounts if kind in _CREDITS else amounts
    return InvoiceLine(
        invoice_id=id,
        entity_id=entity_id,
        position=place,
        category=sold.category,
        description=f"Line {place}",
        quantity=-sold.count if kind in _CREDITS else sold.count,
        unit_price_cents=sold.cents,
        vat_class=sold.vat.value,
        vat_rate=vat_rate(sold.vat, on),
        vat_rule=sold.rule or _RULE[sold.vat],
        vat_category=sold.vat_category or _CATEGORY[sold.vat],
        net_cents=amounts.net.cents,
        vat_cents=amounts.vat.cents,
        gross_cents=amounts.gross.cents,
    )


async def customer(session: AsyncSession, entity: BusinessEntity) -> Contact:
    return await factories.person(session, entity)


async def books(database: Database, settings: Settings) -> Books:
    """A new entity without a document."""
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        payer = await customer(session, entity)
    return Books(database, settings, entity, payer)
