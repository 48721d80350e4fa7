"""A channel of partners and what they are due: master, regional, dealer, agent below one another; and a direct one."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range

from domain.agreements.commission_terms import Terms, as_json
from domain.agreements.models import Agreement, CommissionTerms
from domain.agreements.parsing import parse
from domain.commissions import paying, reactions
from domain.commissions.models import Commission
from domain.commissions.months import month_of
from domain.commissions.running import Ran, run
from domain.contacts.models import Contact
from domain.events.models import Event
from domain.invoices import settling
from domain.invoices.issuing import issue_order
from domain.invoices.models import Invoice
from domain.ledger.checks import check_books
from domain.orders.completing import complete
from domain.quotes.draft import LineRequest
from tenants.actor import SYSTEM, Actor
from tenants.auth import clock
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.quoting import Market, market

LEVELS = ("master", "regional", "dealer", "agent")


@dataclass
class Channel:
    """The partners by name, and an admin of each; nobody has to sign but the customer."""

    market: Market
    partners: dict[str, Contact]
    admins: dict[str, Actor]
    finance: Actor

    @property
    def database(self) -> Database:
        return self.market.database

    @property
    def entity_id(self) -> UUID:
        return self.market.entity.id

    def id(self, name: str) -> UUID:
        return self.partners[name].id

    async def order(self, name: str, *lines: LineRequest) -> UUID:
        """An order on the account of a partner: of 899.95 and 333.33 unless said otherwise."""
        quote_id = await self.market.quote(*lines, account_id=self.id(name))
        order_id = await self.market.sign("customer", quote_id)
        assert order_id is not None
        return order_id

    async def ordered(self, name: str, *lines: LineRequest) -> UUID:
        """The same, with what follows from it."""
        order_id = await self.order(name, *lines)
        await self.follow(order_id)
        return order_id

    async def billed(self, name: str, *lines: LineRequest) -> tuple[UUID, list[Invoice]]:
        """An order that was completed and invoiced, with what follows from it."""
        order_id = await self.order(name, *lines)
        async with self.database.session(SYSTEM) as session:
            await complete(session, order_id)
            invoices = await issue_order(session, order_id)
        await self.follow(order_id)
        return order_id, invoices

    async def paid(self, name: str, *lines: LineRequest) -> tuple[UUID, list[Invoice]]:
        """An order that was completed, invoiced and paid, with what follows from it."""
        order_id, invoices = await self.billed(name, *lines)
        for invoice in invoices:
            await self.settle(invoice, invoice.gross_cents)
        await self.follow(order_id)
        return order_id, invoices

    async def settle(self, invoice: Invoice, cents: int) -> None:
        async with self.database.session(SYSTEM) as session:
            source = ("Payment", invoice.id)
            await settling.settle(session, invoice.id, cents, source=source, paid_at=datetime.now(UTC))

    async def follow(self, order_id: UUID) -> None:
        async with self.database.session(SYSTEM) as session:
            await reactions.follow_orders(session, self.entity_id, [order_id])

    async def react(self, *, shuffle: int | None = None, times: int = 1) -> None:
        """Let commission react to everything that happened to the entity, in order or shuffled by a seed."""
        async with self.database.session(SYSTEM) as session:
            query = select(Event).where(Event.entity_id == self.entity_id, Event.type.in_(reactions.TYPES))
            events = list((await session.execute(query.order_by(Event.created_at, Event.id))).scalars()) * times
            if shuffle is not None:
                random.Random(shuffle).shuffle(events)
            for event in events:
                await reactions.react(session, event)

    async def terms(self, name: str | None, **given: Any) -> Terms:
        """What is agreed with a partner (or the entity's standard) for all time."""
        terms = parse(given, with_partner=name is not None)
        async with self.database.session(SYSTEM) as session:
            always: Range[datetime] = Range(None, None)
            agreement = await self._agreement(session, self.id(name)) if name else None
            session.add(
                CommissionTerms(
                    entity_id=self.entity_id,
                    agreement_id=agreement,
                    organization_id=self.id(name) if name else None,
                    valid=always,
                    terms=as_json(terms),
                )
            )
        return terms

    async def _agreement(self, session: Any, organization_id: UUID) -> UUID:
        query = select(Agreement.id).where(
            Agreement.entity_id == self.entity_id, Agreement.organization_id == organization_id
        )
        if (found := (await session.execute(query)).scalar()) is not None:
            return UUID(str(found))
        made = Agreement(entity_id=self.entity_id, organization_id=organization_id, valid=Range(None, None))
        session.add(made)
        await session.flush()
        return made.id

    async def rows(self, order_id: UUID | None = None) -> list[Commission]:
        """The entity's commission, or an order's, in the order in which it was written."""
        query = select(Commission).where(Commission.entity_id == self.entity_id).order_by(Commission.id)
        if order_id is not None:
            query = query.where(Commission.order_id == order_id)
        async with self.database.session(SYSTEM) as session:
            return list((await session.execute(query)).scalars())

    async def sums(self, order_id: UUID | None = None) -> dict[str, int]:
        """Cents by partner."""
        names = {contact.id: name for name, contact in self.partners.items()}
        found: dict[str, int] = {}
        for row in await self.rows(order_id):
            name = names[row.beneficiary_contact_id]
            found[name] = found.get(name, 0) + row.amount_cents
        return found

    async def booked(self) -> dict[str, int]:
        """Balance of the books per role, debit positive."""
        query = text(
            "SELECT a.role, sum(l.debit_cents - l.credit_cents)::bigint AS cents FROM journal_line l "
            "JOIN ledger_account a ON a.id = l.account_id WHERE l.entity_id = :id GROUP BY a.role"
        )
        async with self.database.session(SYSTEM) as session:
            return {row.role: row.cents for row in await session.execute(query, {"id": self.entity_id})}

    async def run(self, month: date | None = None) -> Ran:
        """A run of a month, the present one unless said otherwise, as finance."""
        async with self.database.session(self.finance) as session:
            return await run(session, self.entity_id, month or month_of(clock.now()))

    async def pay(self, month: date) -> list[Invoice]:
        """The self-billing invoices of a month."""
        async with self.database.session(self.finance) as session:
            ids = await paying.pay(session, self.entity_id, month)
        async with self.database.session(SYSTEM) as session:
            query = select(Invoice).where(Invoice.id.in_(ids)).order_by(Invoice.number)
            return list((await session.execute(query)).scalars())

    async def books_agree(self) -> bool:
        """Whether the books hold what commission says."""
        async with self.database.session(SYSTEM) as session:
            checks = {check.name: check.holds for check in await check_books(session, [self.entity_id])}
        return checks.get("commission", True)


async def channel(database: Database) -> Channel:
    """A channel of its own, under the platform's 5/3/2 unless terms are given."""
    m = await market(database, agreement={"partner_without_lines": "WAIVE", "payer_by_category": {}})
    async with database.session(SYSTEM) as session:
        regional = await factories.organization(session, m.entity, m.master)
        dealer = await factories.organization(session, m.entity, regional)
        agent = await factories.organization(session, m.entity, dealer)
        direct = await factories.organization(session, m.entity)
        partners = {"master": m.master, "regional": regional, "dealer": dealer, "agent": agent, "direct": direct}
        waived = {"entity_id": m.entity.id, "organization_id": direct.id, "valid": Range(None, None)}
        session.add(Agreement(**waived, partner_without_lines="WAIVE"))
        admins = {
            name: await factories.actor_with(session, Role.PARTNER_ADMIN, m.entity, organization=partner)
            for name, partner in partners.items()
        }
        finance = await factories.actor_with(session, Role.FINANCE, m.entity)
        m.actors["admin"] = await factories.actor_with(session, Role.TENANT_ADMIN, m.entity)
    return Channel(m, partners, admins, finance)


def statuses(rows: Sequence[Commission]) -> set[str]:
    return {row.status for row in rows}
