"""Invoices of every entity to customers and partners with a login, one credited; profiles, a run over orders."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact
from domain.invoices.billing import BillLine
from domain.invoices.crediting import credit
from domain.invoices.drafting import Draft, PartKey
from domain.invoices.models import InvoicePart, InvoiceRun, InvoiceRunOrder
from domain.invoices.payers import Profile, payers_of, seller_of
from domain.invoices.writing import issue_all
from domain.ledger.chart import ensure_chart
from domain.ledger.posting import today
from domain.money import VatClass
from domain.orders.models import Order
from domain.vat.models import BillingProfile
from domain.vat.rules import VatParty, decide
from tenants.models import BusinessEntity, Membership
from tenants.permissions import Role

_ORDERS = 3


async def add_invoices(session: AsyncSession) -> None:
    """As the system."""
    for entity in (await session.execute(select(BusinessEntity).order_by(BusinessEntity.id))).scalars().all():
        await ensure_chart(session, entity.id)
        payers = await payers_of_entity(session, entity)
        orders = (await session.execute(_orders(entity.id))).scalars().all()
        drafts = [await _draft(session, entity, payer, orders[n % len(orders)]) for n, payer in enumerate(payers)]
        made = await issue_all(session, drafts)
        if made:
            await credit(session, made[0].id, None, "Returned")
        session.add_all(BillingProfile(entity_id=entity.id, contact_id=payer.id) for payer in payers)
        await _run(session, entity.id, orders)


def _orders(entity_id: UUID) -> Select[Any]:
    return select(Order).where(Order.entity_id == entity_id).order_by(Order.id).limit(_ORDERS)


async def payers_of_entity(session: AsyncSession, entity: BusinessEntity) -> list[Contact]:
    """Customers and partners of an entity who have a login."""
    of_entity = select(Membership).where(Membership.entity_id == entity.id).order_by(Membership.id)
    found: list[UUID] = []
    for role, column in ((Role.CUSTOMER, "contact_id"), (Role.PARTNER_ADMIN, "organization_id")):
        rows = await session.scalars(of_entity.where(Membership.role == role).limit(3))
        found += [getattr(row, column) for row in rows]
    query = select(Contact).where(Contact.id.in_(found)).order_by(Contact.id)
    return list((await session.execute(query)).scalars())


async def _draft(session: AsyncSession, entity: BusinessEntity, contact: Contact, order: Order) -> Draft:
    payer = (await payers_of(session, [contact.id]))[contact.id]
    line = BillLine(
        order_id=order.id,
        category="OTHER",
        description="Work",
        quantity=Decimal(1),
        unit_price_cents=100_00,
        net_cents=100_00,
        vat_cents=21_00,
        vat=decide(VatClass.STANDARD, "OTHER", "NL", VatParty("NL"), today()),
    )
    part = PartKey(order_id=order.id, entity_id=entity.id, payer_contact_id=contact.id, part=InvoicePart.DEPOSIT)
    return Draft(
        entity_id=entity.id,
        invoice_prefix=entity.invoice_prefix,
        part=InvoicePart.DEPOSIT,
        order_id=order.id,
        payer_id=contact.id,
        payer_chain_ids=list(payer.chain),
        seller=seller_of(entity),
        payer=payer.snapshot(Profile()),
        lines=[line],
        parts=[part],
        currency=entity.currency,
        payment_terms_days=14,
        language="nl",
    )


async def _run(session: AsyncSession, entity_id: UUID, orders: Sequence[Order]) -> None:
    run = InvoiceRun(entity_id=entity_id)
    session.add(run)
    await session.flush()
    for order in orders:
        skipped = {"outcome": "SKIPPED", "reason": "NOT_COMPLETED"}
        session.add(InvoiceRunOrder(run_id=run.id, entity_id=entity_id, order_id=order.id, chunk=0, **skipped))
    await session.flush()
