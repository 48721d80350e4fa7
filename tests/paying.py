"""A small shop for tests of payments: an entity with a portal, its customer and partner, and invoices to pay."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.invoices.models import Invoice
from domain.ledger.checks import check_books
from domain.ledger.models import AccountRole, EntryKind, JournalLine, LedgerAccount
from domain.ledger.posting import credit, debit, post, today
from domain.money import Money
from domain.payments.models import Payment, PaymentAllocation
from domain.wallets.models import Wallet
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.models import Brand, BusinessEntity
from tenants.permissions import Role
from tests import factories


@dataclass
class Shop:
    """Rows and actors."""

    database: Database
    entity: BusinessEntity
    brand: Brand
    partner: Contact
    customer: Contact
    actors: dict[str, Actor] = field(default_factory=dict)

    async def invoice(
        self, cents: int = 121_00, payer: Contact | None = None, *, due_in: int = 14, **values: Any
    ) -> UUID:
        """An issued invoice, in the books as revenue."""
        async with self.database.session(SYSTEM) as session:
            made = _invoice(self.entity, payer or self.customer, cents, due_in, values)
            session.add(made)
            await session.flush()
            if cents:
                await _post(session, made, "INVOICE", cents, AccountRole.REVENUE_OTHER)
            return made.id

    async def credit(self, invoice_id: UUID, cents: int) -> None:
        """Credit a part of an invoice, in the books too; without the document, which is no matter of payments."""
        async with self.database.session(SYSTEM) as session:
            made = await session.get_one(Invoice, invoice_id)
            made.credited_cents += cents
            await _post(session, made, f"CREDIT{made.credited_cents}", -cents, AccountRole.REVENUE_OTHER)

    async def invoice_row(self, id: UUID) -> Invoice:
        async with self.database.session(SYSTEM) as session:
            return await session.get_one(Invoice, id)

    async def payments(self) -> list[Payment]:
        """All of the entity, oldest first."""
        async with self.database.session(SYSTEM) as session:
            query = select(Payment).where(Payment.entity_id == self.entity.id).order_by(Payment.id)
            return list((await session.execute(query)).scalars())

    async def allocated(self, payment_id: UUID) -> dict[UUID, int]:
        """What of a payment still pays each invoice."""
        async with self.database.session(SYSTEM) as session:
            query = select(PaymentAllocation).where(PaymentAllocation.payment_id == payment_id)
            rows = (await session.execute(query)).scalars()
            return {row.invoice_id: row.amount_cents - row.returned_cents for row in rows}

    async def balance(self, contact: Contact | None = None) -> int:
        """What is in the wallet of a contact, by default the customer's."""
        async with self.database.session(SYSTEM) as session:
            query = select(Wallet.balance_cents).where(Wallet.contact_id == (contact or self.customer).id)
            return (await session.execute(query)).scalar_one_or_none() or 0

    async def booked(self, role: AccountRole) -> int:
        """The balance of an account, debit positive."""
        async with self.database.session(SYSTEM) as session:
            query = (
                select(JournalLine.debit_cents, JournalLine.credit_cents)
                .join(LedgerAccount, LedgerAccount.id == JournalLine.account_id)
                .where(LedgerAccount.entity_id == self.entity.id, LedgerAccount.role == role)
            )
            return sum(row.debit_cents - row.credit_cents for row in await session.execute(query))

    async def require_sound_books(self) -> None:
        """Every check of the ledger holds, and every payment is shared out."""
        async with self.database.session(SYSTEM) as session:
            wrong = [check for check in await check_books(session, [self.entity.id]) if not check.holds]
            assert wrong == []
            moved = text(
                "SELECT w.balance_cents, coalesce(sum(m.amount_cents), 0) AS moved FROM wallet w LEFT JOIN "
                "wallet_movement m ON m.wallet_id = w.id WHERE w.entity_id = :entity GROUP BY w.id"
            )
            for row in await session.execute(moved, {"entity": self.entity.id}):
                assert row.balance_cents == row.moved


def _invoice(entity: BusinessEntity, payer: Contact, cents: int, due_in: int, values: dict[str, Any]) -> Invoice:
    number = factories.unique(f"{entity.code}-2026-")
    given = {
        "entity_id": entity.id,
        "number": number,
        "kind": "INVOICE",
        "part": "FINAL",
        "payer_contact_id": payer.id,
        "payer_chain_ids": list(payer.chain_organization_ids),
        "seller": {"name": entity.name},
        "payer": {"name": payer.name},
        "issued_on": today(),
        "supplied_on": today(),
        "due_on": today() + timedelta(days=due_in),
        "payment_terms_days": max(due_in, 0),
        "payment_reference": f"RF00{number.replace('-', '').upper()}",
        "net_cents": cents,
        "vat_cents": 0,
        "gross_cents": cents,
        "sealed_sha256": secrets.token_bytes(32),
    }
    if due_in < 0:
        given["issued_on"] = today() + timedelta(days=due_in)
    return Invoice(**(given | values))


async def _post(session: AsyncSession, invoice: Invoice, word: str, cents: int, role: AccountRole) -> None:
    amount = Money(cents, invoice.currency)
    legs = [debit(AccountRole.RECEIVABLE, amount, contact_id=invoice.payer_contact_id), credit(role, amount)]
    source = ("Invoice", invoice.id)
    key = f"{word}:{invoice.id}"
    await post(session, entity_id=invoice.entity_id, kind=EntryKind.INVOICE, key=key, source=source, legs=legs)


async def shop(database: Database, **entity: Any) -> Shop:
    """A shop of its own with actors `finance`, `admin`, `customer`, `partner` and `other` (another customer)."""
    async with database.session(SYSTEM) as session:
        seller = await factories.business_entity(session, **entity)
        brand = await factories.brand(session, seller)
        partner = await factories.organization(session, seller)
        customer, other = [await factories.person(session, seller) for _ in range(2)]
        actors = {
            "finance": await factories.actor_with(session, Role.FINANCE, seller),
            "admin": await factories.actor_with(session, Role.TENANT_ADMIN, seller),
            "customer": await factories.actor_with(session, Role.CUSTOMER, seller, contact=customer),
            "other": await factories.actor_with(session, Role.CUSTOMER, seller, contact=other),
            "partner": await factories.actor_with(session, Role.PARTNER_ADMIN, seller, organization=partner),
        }
        return Shop(database, seller, brand, partner, customer, actors)
