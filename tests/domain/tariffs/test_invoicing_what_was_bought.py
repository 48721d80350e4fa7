"""Packs, plans and subscriptions are invoiced, each once, and credited when they are given back."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from domain.invoices.crediting import credit
from domain.invoices.models import Invoice, InvoiceLine
from domain.tariffs import buying, invoicing, reactions
from domain.tariffs.charge_models import BenefitCharge
from domain.tariffs.invoicing import Month, days_in
from domain.tariffs.models import OfferKind
from domain.tariffs.months import begins
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.domain.tariffs.drivers import Driver, driver
from tests.pricing import membership_of, offer_of, pack_of, subscription_of

MARCH = date(2026, 3, 1)


async def invoices(d: Driver) -> list[tuple[str, int, int]]:
    """Kind, net and VAT of what the driver got, in order."""
    async with d.database.session(SYSTEM) as session:
        query = select(Invoice.kind, Invoice.net_cents, Invoice.vat_cents).where(
            Invoice.payer_contact_id == d.contact.id
        )
        return [tuple(row) for row in await session.execute(query.order_by(Invoice.created_at))]


async def test_a_pack_is_invoiced_once_and_credited_when_it_is_given_back(database: Database) -> None:
    d = await driver(database)
    offer = await d.offer(OfferKind.PACK)
    async with database.session(SYSTEM) as session:
        bought = (await buying.buy_pack(session, d.contact.id, offer.id)).id
        unused = (await buying.buy_pack(session, d.contact.id, offer.id)).id

    async def work(name: str, pack_id: UUID) -> None:
        async with database.session(SYSTEM) as session:
            await reactions.WORK[name](session, {"pack_id": str(pack_id)})

    await asyncio.gather(*(work(reactions.PACK, bought) for _ in range(3)))
    assert await invoices(d) == [("INVOICE", 4500, 945)]
    for pack in (unused, bought):
        async with database.session(SYSTEM) as session:
            await buying.cancel_pack(session, pack)
    await work(reactions.PACK, unused)
    for pack in (unused, bought, bought):
        await work(reactions.GIVEN_BACK, pack)
    assert await invoices(d) == [("INVOICE", 4500, 945), ("CREDIT_NOTE", -4500, -945)]


async def test_a_pack_whose_invoice_was_credited_by_hand_is_given_back_all_the_same(database: Database) -> None:
    d = await driver(database)
    offer = await d.offer(OfferKind.PACK)
    async with database.session(SYSTEM) as session:
        pack = await buying.buy_pack(session, d.contact.id, offer.id)
        invoice_id = await invoicing.invoice_pack(session, pack.id)
        assert invoice_id is not None
        await credit(session, invoice_id, None, "Vergissing")
        await buying.cancel_pack(session, pack.id)
        assert await invoicing.credit_pack(session, pack.id) is None
    assert [each[1] for each in await invoices(d)] == [4500, -4500]


async def test_a_subscription_costs_the_month_whole_as_its_cap_is(database: Database) -> None:
    d = await driver(database)
    async with database.session(SYSTEM) as session:
        bundle = await offer_of(session, d.entity, OfferKind.SUBSCRIPTION)
        (await subscription_of(session, d.contact, bundle)).valid = Range(begins(date(2026, 3, 31)), None)
    async with database.session(SYSTEM) as session:
        await invoicing.invoice_month(session, Month(d.entity.id, d.contact.id, MARCH))
    assert await invoices(d) == [("INVOICE", 4900, 1029)]


async def test_months_are_invoiced_once_after_they_are_over(database: Database) -> None:
    d = await driver(database)
    async with database.session(SYSTEM) as session:
        plan = await membership_of(session, d.contact, await offer_of(session, d.entity, OfferKind.PLAN))
        plan.valid = Range(begins(date(2026, 3, 17)), begins(date(2026, 5, 1)))
        bundle = await offer_of(session, d.entity, OfferKind.SUBSCRIPTION)
        (await subscription_of(session, d.contact, bundle)).valid = Range(begins(MARCH), None)
        free = await offer_of(session, d.entity, OfferKind.PACK, price_cents=0)
        assert await invoicing.invoice_pack(session, (await pack_of(session, d.contact, free)).id) is None

    async def due(until: date) -> list[date]:
        async with database.session(SYSTEM) as session:
            return [each.month for each in await invoicing.waiting(session, until) if each.contact_id == d.contact.id]

    assert [await due(date(2026, 3, 31)), await due(date(2026, 4, 1))] == [[], [MARCH]]
    assert await due(date(2026, 6, 2)) == [MARCH, date(2026, 4, 1), date(2026, 5, 1)]

    async def march() -> None:
        async with database.session(SYSTEM) as session:
            await invoicing.invoice_month(session, Month(d.entity.id, d.contact.id, MARCH))

    await asyncio.gather(march(), march())
    half = round(999 * 15 / 31)
    assert await invoices(d) == [("INVOICE", half + 4900, round(half * 0.21) + 1029)]
    assert await due(date(2026, 5, 1)) == [date(2026, 4, 1)]
    async with database.session(SYSTEM) as session:
        told = select(InvoiceLine.description).join(BenefitCharge, BenefitCharge.invoice_id == InvoiceLine.invoice_id)
        found = await session.scalars(told.where(BenefitCharge.membership_id == plan.id).order_by(InvoiceLine.position))
        assert [line.split(": ")[1] for line in found] == ["2026-03 (15/31)", "2026-03"]


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        (begins(MARCH), None, 31),
        (begins(MARCH), begins(date(2026, 4, 1)), 31),
        (begins(date(2026, 3, 31)) + timedelta(hours=23), None, 1),
        (begins(date(2026, 3, 5)), begins(date(2026, 3, 5)) + timedelta(hours=9), 0),
        (begins(date(2026, 3, 5)) + timedelta(hours=9), begins(date(2026, 3, 7)) + timedelta(hours=9), 2),
        (begins(date(2026, 4, 1)), None, 0),
    ],
)
def test_a_day_counts_for_what_runs_at_its_end(since: object, until: object, days: int) -> None:
    assert days_in(Range(since, until), MARCH) == days  # type: ignore[type-var]  # moments
