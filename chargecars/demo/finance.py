"""The money of the last weeks: invoices, payments, credits, commission and work between entities.

Made by the same functions as in production, after the rest was copied, over a slice of the completed orders that does
not grow with the scale without end. In one transaction: it is there whole or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

import domain.tables  # noqa: F401  # completes what the models refer to
from chargecars.demo.draw import Draw
from domain.agreements.commission_terms import as_json
from domain.agreements.models import Agreement, CommissionTerms
from domain.agreements.parsing import parse
from domain.catalog.models import ArticleCategory
from domain.commissions import paying
from domain.commissions.reactions import follow_orders
from domain.contacts.models import Contact
from domain.documents import reactions as documents
from domain.invoices import settling
from domain.invoices.crediting import CreditLine, credit, lines_of
from domain.invoices.issuing import issue_orders
from domain.invoices.models import Invoice, InvoiceKind
from domain.ledger.executing import post_completed
from domain.ledger.intercompany import GivenRate, save_rate
from domain.ledger.months import later, month_of
from domain.money import Money
from domain.numbering.service import AMSTERDAM
from domain.orders.models import Order, OrderStage
from domain.payments.models import PaymentMethod, Provider
from domain.payments.receiving import receive
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.models import BusinessEntity
from tenants.settings import Settings

TABLES = (
    "invoice",
    "invoice_line",
    "billing_part",
    "payment",
    "payment_allocation",
    "wallet",
    "wallet_movement",
    "commission",
    "commission_terms",
    "ledger_account",
    "journal_entry",
    "journal_line",
    "intercompany_rate",
)
"""What it fills beside the log."""
_PER_ENTITY, _MOST_PER_ENTITY, _LEAST_PER_ENTITY = 20, 36, 3
_LATELY = timedelta(days=80)
_WITH_DOCUMENTS = 4
"""Invoices per entity whose documents a worker makes at its start; of others they are made when somebody asks."""
_EXECUTES = "CC"
"""Its teams do the work that the consumer brands sell."""
_RATES = {
    ArticleCategory.INSTALLATION_SERVICE: Decimal(70),
    ArticleCategory.METER_BOX_MODULE: Decimal(15),
}
_TERMS: dict[str, dict[str, Any]] = {
    "groendus": {"levels": ["5", "3", "2"], "caps": {"order_cents": 50_000}},
    "essent": {"levels": ["4", "2"], "kickback": {"per": "ORDER", "amount_cents": 2_500}},
    "eneco": {
        "levels": ["5", "3", "2"],
        "bonuses": [{"metric": "ORDERS", "period": "QUARTER", "tiers": [{"from": "25", "percent": "0.5"}]}],
    },
}
_METHODS = (
    (PaymentMethod.IDEAL, Provider.LOCAL),
    (PaymentMethod.BANK_TRANSFER, Provider.BANK),
    (PaymentMethod.CARD, Provider.LOCAL),
)


_EARNED_WHEN_PAID = text("""
    UPDATE commission c SET earned_at = paid.at FROM (
      SELECT l.order_id, max(p.received_on) + interval '12 hours' AS at
      FROM invoice_line l JOIN payment_allocation a ON a.invoice_id = l.invoice_id JOIN payment p ON p.id = a.payment_id
      WHERE l.entity_id = :entity_id GROUP BY l.order_id
    ) paid WHERE c.order_id = paid.order_id AND c.entity_id = :entity_id AND c.status = 'EARNED'
""")
"""As if commission had followed each payment on its day."""


@dataclass(frozen=True)
class _Part:
    """One entity's part of the demo's money."""

    entity_id: UUID
    code: str
    today: date
    draw: Draw

    async def make(self, session: AsyncSession, orders: Sequence[Order]) -> None:
        """Invoice the orders week by week, let most of them be paid, and let commission follow."""
        for monday, group in groupby(orders, key=_week):
            day = min(monday + timedelta(days=6), self.today)
            await issue_orders(session, [order.id for order in group], issued_on=day)
        for invoice in await self._invoices(session):
            await self._becomes(session, invoice)
        await follow_orders(session, self.entity_id, [order.id for order in orders])
        await session.execute(_EARNED_WHEN_PAID, {"entity_id": self.entity_id})
        await paying.pay(session, self.entity_id, later(month_of(self.today), -1))
        for order in orders:
            await post_completed(session, order.id)
        await self._ask_for_documents(session)

    async def _invoices(self, session: AsyncSession) -> Sequence[Invoice]:
        query = select(Invoice).where(Invoice.entity_id == self.entity_id, Invoice.kind == InvoiceKind.INVOICE.value)
        return (await session.execute(query.order_by(Invoice.number))).scalars().all()

    async def _becomes(self, session: AsyncSession, invoice: Invoice) -> None:
        """Three of four are paid in time; some in part, some too much, some credited, one is given up."""
        luck = self.draw.uniform()
        if luck < 0.72:
            await self._pay(session, invoice, invoice.gross_cents)
        elif luck < 0.77:
            await self._pay(session, invoice, invoice.gross_cents // 2)
        elif luck < 0.80:
            await self._pay(session, invoice, invoice.gross_cents + 2_500)
        elif luck < 0.84:
            await self._credit(session, invoice)
        elif luck < 0.85 and invoice.open_cents > 0:
            await settling.write_off(session, invoice.id, "Faillissement")

    async def _pay(self, session: AsyncSession, invoice: Invoice, cents: int) -> None:
        paid_on = invoice.issued_on + timedelta(days=self.draw.integer(1, 13))
        if cents <= 0 or paid_on > self.today:
            return
        method, provider = self.draw.one(_METHODS)
        await receive(
            session,
            entity_id=self.entity_id,
            amount=Money(cents, invoice.currency),
            method=method,
            provider=provider,
            provider_id=f"demo-{invoice.id.hex}",
            received_on=paid_on,
            invoice_ids=[invoice.id],
            reference=invoice.payment_reference,
        )

    async def _credit(self, session: AsyncSession, invoice: Invoice) -> None:
        """The first line, as a whole."""
        line = next((line for line in await lines_of(session, invoice.id) if line.net_cents), None)
        if line is not None:
            await credit(session, invoice.id, [CreditLine(line.id)], "Niet geleverd", issued_on=invoice.issued_on)

    async def _ask_for_documents(self, session: AsyncSession) -> None:
        invoices = list(await self._invoices(session))
        for invoice in invoices[-_WITH_DOCUMENTS:]:
            await documents.ask(session, invoice.id)


async def add_finance(url: str, settings: Settings, today: date, scale: int | Fraction) -> None:
    """Make the money of the demo that is loaded; nothing happens where there are invoices already."""
    database = Database(url, role_password(settings), pool_size=1)
    try:
        async with database.session(SYSTEM) as session:
            if (await session.execute(select(Invoice.id).limit(1))).first():
                return
            entities = (await session.execute(select(BusinessEntity).order_by(BusinessEntity.code))).scalars().all()
            await _agree(session, {entity.code: entity.id for entity in entities})
            for entity in entities:
                part = _Part(entity.id, entity.code, today, Draw(f"{today} money of {entity.code}"))
                await part.make(session, await _slice(session, entity.id, today, scale))
    finally:
        await database.close()


async def _agree(session: AsyncSession, ids: dict[str, UUID]) -> None:
    """What partners and entities agreed: it holds for the orders that are there."""
    for code, terms in _TERMS.items():
        query = select(Agreement).join(Contact, Contact.id == Agreement.organization_id)
        for agreement in (await session.execute(query.where(Contact.partner_code == code))).scalars():
            session.add(
                CommissionTerms(
                    entity_id=agreement.entity_id,
                    agreement_id=agreement.id,
                    organization_id=agreement.organization_id,
                    valid=agreement.valid,
                    terms=as_json(parse(terms)),
                )
            )
    for code, id in ids.items():
        for category, percent in _RATES.items() if code in ("LT", "MT") else ():
            await save_rate(session, GivenRate(id, ids[_EXECUTES], category, percent, date(2024, 1, 1)))


async def _slice(session: AsyncSession, entity_id: UUID, today: date, scale: int | Fraction) -> Sequence[Order]:
    """Some of the orders that an entity completed lately, spread evenly, the oldest first."""
    many = max(min(round(_PER_ENTITY * Fraction(scale)), _MOST_PER_ENTITY), _LEAST_PER_ENTITY)
    midnight = datetime.combine(today, time(), AMSTERDAM).astimezone(UTC)
    lately = (Order.completed_at >= midnight - _LATELY, Order.completed_at < midnight, ~Order.on_hold)
    query = select(Order.id).where(Order.entity_id == entity_id, Order.stage == OrderStage.COMPLETED.value, *lately)
    ids = list((await session.execute(query.order_by(Order.completed_at, Order.id))).scalars())
    chosen = select(Order).where(Order.id.in_(ids[:: max(len(ids) // many, 1)][-many:]))
    return (await session.execute(chosen.order_by(Order.completed_at, Order.id))).scalars().all()


def _week(order: Order) -> date:
    assert order.completed_at is not None
    day = order.completed_at.astimezone(AMSTERDAM).date()
    return day - timedelta(days=day.weekday())
