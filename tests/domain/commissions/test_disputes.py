"""Disputes about commission: what waits, what an answer writes, and taking it back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.commissions import disputes
from domain.commissions.errors import (
    AlreadyDisputed,
    DisputeNotAnswered,
    DisputeNotOpen,
    NotDisputable,
    NothingCorrected,
)
from domain.commissions.leading import follow_leads
from domain.commissions.models import Commission, CommissionDispute
from domain.commissions.months import bounds, month_of
from domain.errors import NotFound, OutOfRange
from domain.invoices.crediting import credit
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tests.commissioning import Channel, channel
from tests.quoting import lead_of

FIVE = 61_66


@pytest.fixture
async def c(database: Database) -> Channel:
    return await channel(database)


async def disputed(c: Channel, name: str, row: Commission) -> UUID:
    async with c.database.session(c.admins[name]) as session:
        return (await disputes.dispute(session, row.id, "It was more")).id


async def answered(c: Channel, id: UUID, cents: int | None) -> CommissionDispute:
    async with c.database.session(c.finance) as session:
        return await disputes.answer(session, id, "We looked", cents)


async def record_of(c: Channel, name: str) -> Commission:
    return next(row for row in await c.rows() if row.beneficiary_contact_id == c.id(name) and not row.reverses_id)


async def test_a_disputed_record_waits_and_is_paid_as_corrected(c: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    await c.paid("dealer")
    row = await record_of(c, "regional")
    dispute_id = await disputed(c, "regional", row)
    month = month_of(clock.now())
    now = bounds(month)[1] + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert {invoice.payer_contact_id for invoice in await c.pay(month)} == {c.id("master"), c.id("dealer")}
    await answered(c, dispute_id, 40_00)
    (late,) = await c.pay(month)
    assert (late.payer_contact_id, late.net_cents) == (c.id("regional"), 40_00)
    assert await c.books_agree()


async def test_a_correction_is_credited_with_its_order_and_can_be_taken_back(c: Channel) -> None:
    order_id, (invoice,) = await c.paid("direct")
    dispute_id = await disputed(c, "direct", await record_of(c, "direct"))
    async with c.database.session(SYSTEM) as session:
        await credit(session, invoice.id, None, "Half", net_cents=616_64)
    await c.follow(order_id)
    await answered(c, dispute_id, 80_00)
    assert await c.sums() == {"direct": 40_00}
    async with c.database.session(c.finance) as session:
        await disputes.reopen(session, dispute_id)
    assert await c.sums() == {"direct": FIVE // 2}
    assert (await answered(c, dispute_id, None)).state == "REJECTED"
    assert await c.books_agree()


async def test_a_dispute_is_opened_once_answered_once_and_withdrawn_by_its_maker(c: Channel) -> None:
    order_id = await c.ordered("dealer")
    row = await record_of(c, "dealer")
    dispute_id = await disputed(c, "dealer", row)
    with pytest.raises(AlreadyDisputed):
        await disputed(c, "dealer", row)
    with pytest.raises(DisputeNotAnswered):
        async with c.database.session(c.finance) as session:
            await disputes.reopen(session, dispute_id)
    async with c.database.session(c.admins["dealer"]) as session:
        assert (await disputes.withdraw(session, dispute_id)).state == "WITHDRAWN"
    with pytest.raises(DisputeNotOpen):
        await answered(c, dispute_id, 1)
    again = await disputed(c, "dealer", row)
    for cents, refusal in ((row.amount_cents, NothingCorrected), (-1, OutOfRange)):
        with pytest.raises(refusal):
            await answered(c, again, cents)
    await answered(c, again, 30_00)
    correction = next(one for one in await c.rows(order_id) if one.reverses_id)
    with pytest.raises(NotDisputable):
        await disputed(c, "dealer", correction)


async def test_a_bonus_is_corrected_from_what_it_was_recomputed_to(c: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    tiers = [{"from": "1", "amount_cents": 100_00}, {"from": "2", "amount_cents": 150_00}]
    await c.terms("direct", levels=[], bonuses=[{"metric": "ORDERS", "period": "MONTH", "tiers": tiers}])
    month = month_of(clock.now())
    after = bounds(month)[1] + timedelta(hours=1)
    await c.order("direct")
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: after)
        await c.run(month)
    await c.order("direct")
    monkeypatch.setattr(clock, "now", lambda: after)
    await c.run(month)
    assert await c.sums() == {"direct": 150_00}
    dispute_id = await disputed(c, "direct", await record_of(c, "direct"))
    await answered(c, dispute_id, 200_00)
    await c.run(month)
    assert await c.sums() == {"direct": 200_00}
    async with c.database.session(c.finance) as session:
        await disputes.reopen(session, dispute_id)
    assert await c.sums() == {"direct": 150_00}
    assert await c.books_agree()


async def test_a_corrected_kickback_shares_the_fate_of_its_lead(c: Channel) -> None:
    await c.terms("direct", kickback={"per": "LEAD", "amount_cents": 15_00})
    whose: dict[str, Any] = {"partner_organization_id": c.id("direct"), "channel_organization_ids": [c.id("direct")]}
    lead = await lead_of(c.market, **whose, qualified_at=clock.now())
    await c.run()
    dispute_id = await disputed(c, "direct", await record_of(c, "direct"))
    async with c.database.session(SYSTEM) as session:
        turned_down = "UPDATE lead SET status = 'DISQUALIFIED', disqualified_from = 'QUALIFIED' WHERE id = :id"
        await session.execute(text(turned_down), {"id": lead.id})
        await follow_leads(session, c.entity_id, [lead.id])
    await answered(c, dispute_id, 20_00)
    assert await c.sums() == {"direct": 0}
    async with c.database.session(SYSTEM) as session:
        taken_up = "UPDATE lead SET status = 'QUALIFIED', disqualified_from = NULL WHERE id = :id"
        await session.execute(text(taken_up), {"id": lead.id})
        await follow_leads(session, c.entity_id, [lead.id])
    assert await c.sums() == {"direct": 20_00}
    assert await c.books_agree()


@pytest.mark.parametrize("other", ["master", "regional", "agent", "direct"])
async def test_nobody_else_disputes_or_withdraws(c: Channel, other: str) -> None:
    await c.ordered("agent")
    row = await record_of(c, "dealer")
    with pytest.raises(NotFound):
        await disputed(c, other, row)
    dispute_id = await disputed(c, "dealer", row)
    with pytest.raises(NotFound):
        async with c.database.session(c.admins[other]) as session:
            await disputes.withdraw(session, dispute_id)
