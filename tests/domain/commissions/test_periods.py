"""Bonuses, penalties and caps over months, and runs that compute whatever is missing."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range

from domain.agreements.commission_terms import Reward, Tier, as_json
from domain.agreements.models import Agreement, CommissionTerms
from domain.agreements.parsing import parse
from domain.commissions.measuring import Figure
from domain.commissions.models import CommissionKind
from domain.commissions.months import bounds, month_of
from domain.commissions.periods import reached
from domain.commissions.running import Ran
from domain.errors import OutOfRange
from domain.orders import service as orders
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tests.commissioning import Channel, channel
from tests.quoting import lead_of
from workers.commissions import compute_commissions

NET, FIVE, THREE, TWO = 1233_28, 61_66, 37_00, 24_67
TIERS = [{"from": "1", "amount_cents": 10_00}, {"from": "2", "percent": "1"}]


@pytest.fixture
async def c(database: Database) -> Channel:
    return await channel(database)


@pytest.fixture
def month() -> date:
    return month_of(clock.now())


def over(patch: pytest.MonkeyPatch, month: date) -> None:
    """The month is over."""
    patch.setattr(clock, "now", lambda: bounds(month)[1] + timedelta(hours=1))


async def of_kind(c: Channel, kind: CommissionKind) -> list[tuple[str, int, str]]:
    names = {contact.id: name for name, contact in c.partners.items()}
    rows = [row for row in await c.rows() if row.kind == kind]
    return [(names[row.beneficiary_contact_id], row.amount_cents, row.status) for row in rows]


async def test_a_run_computes_what_is_missing_and_nothing_twice(c: Channel, month: date) -> None:
    first = await c.order("dealer")
    await c.order("direct")
    cancelled = await c.order("regional")
    async with c.database.session(SYSTEM) as session:
        await orders.cancel(session, cancelled, "No")
    assert (await c.run()).accrued == 4
    assert await c.sums() == {"master": FIVE, "regional": THREE, "dealer": TWO, "direct": FIVE}
    assert await c.run() == Ran(0, 0)
    await c.follow(first)
    assert len(await c.rows()) == 4
    async with c.database.session(SYSTEM) as session:
        await orders.cancel(session, first, "No")
    assert (await c.run()).changed == 9  # three rows that take back, and all six are reversed
    assert await c.sums() == {"master": 0, "regional": 0, "dealer": 0, "direct": FIVE}
    assert await c.books_agree()


async def test_every_night_the_last_months_are_run(c: Channel) -> None:
    await c.order("direct")
    await compute_commissions(c.database)
    assert await c.sums() == {"direct": FIVE}


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(9999, 1, 1)])
async def test_a_month_that_cannot_be_is_refused(c: Channel, day: date) -> None:
    with pytest.raises(OutOfRange):
        await c.run(day)


async def test_the_highest_tier_counts_and_changes_with_its_figure(
    c: Channel, month: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    await c.terms("master", levels=[], bonuses=[{"metric": "ORDERS", "period": "MONTH", "tiers": TIERS}])
    one = await c.order("dealer")
    await c.order("regional")
    await c.run()
    assert await c.rows() == []  # the month is not over
    over(monkeypatch, month)
    await c.run(month)
    assert await of_kind(c, CommissionKind.BONUS) == [("master", 24_67, "EARNED")]  # 1 % of 2,466.56
    async with c.database.session(SYSTEM) as session:
        await orders.cancel(session, one, "No")
    await c.run(month)
    await c.run(month)
    assert await of_kind(c, CommissionKind.BONUS) == [("master", 24_67, "EARNED"), ("master", -14_67, "EARNED")]
    assert [invoice.net_cents for invoice in await c.pay(month)] == [10_00]
    assert await c.books_agree()


async def test_missed_terms_cost_a_part_of_what_the_partner_itself_has(
    c: Channel, month: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    penalty = {"metric": "CANCELLATION_RATE", "period": "MONTH", "above": "49.9", "percent": "10", "minimum_count": 2}
    await c.terms("master", penalties=[penalty])
    await c.ordered("dealer")
    cancelled = await c.ordered("dealer")
    async with c.database.session(SYSTEM) as session:
        await orders.cancel(session, cancelled, "No")
    await c.follow(cancelled)
    over(monkeypatch, month)
    await c.run(month)
    assert await of_kind(c, CommissionKind.PENALTY) == [("master", -6_17, "EARNED")]  # 10 % of 61.66
    (row,) = [row for row in await c.rows() if row.kind == CommissionKind.PENALTY]
    assert row.measured == Decimal(50)


async def test_late_leads_and_a_kickback_per_lead(c: Channel, month: date, monkeypatch: pytest.MonkeyPatch) -> None:
    late = {"metric": "LATE_LEADS", "period": "MONTH", "above": "0", "amount_cents": 50_00, "within_hours": 1}
    kickback = {"per": "LEAD", "amount_cents": 15_00}
    await c.terms("direct", kickback=kickback, penalties=[late])
    whose: dict[str, Any] = {"partner_organization_id": c.id("direct"), "channel_organization_ids": [c.id("direct")]}
    lead = await lead_of(c.market, **whose, qualified_at=clock.now() + timedelta(hours=2))
    await c.run()
    assert await of_kind(c, CommissionKind.KICKBACK) == [("direct", 15_00, "EARNED")]
    over(monkeypatch, month)
    await c.run(month)
    assert await of_kind(c, CommissionKind.PENALTY) == [("direct", -50_00, "EARNED")]
    async with c.database.session(SYSTEM) as session:
        turned_down = "UPDATE lead SET status = 'DISQUALIFIED', disqualified_from = 'QUALIFIED' WHERE id = :id"
        await session.execute(text(turned_down), {"id": lead.id})
    await c.run(month)
    assert await of_kind(c, CommissionKind.KICKBACK) == [("direct", 15_00, "REVERSED"), ("direct", -15_00, "REVERSED")]
    assert sum(cents for _, cents, _ in await of_kind(c, CommissionKind.PENALTY)) == 0
    assert await c.books_agree()


async def test_a_cap_holds_for_what_is_expected_and_for_what_is_due(c: Channel, month: date) -> None:
    await c.terms("direct", levels=["10"], caps={"month_cents": 150_00})
    await c.paid("direct")  # 123.33 each
    await c.ordered("direct")
    await c.run()
    assert await of_kind(c, CommissionKind.CAP) == [("direct", -96_66, "ACCRUED")]
    await c.paid("direct")
    await c.run()
    caps = await of_kind(c, CommissionKind.CAP)
    assert sum(cents for _, cents, status in caps if status == "EARNED") == 150_00 - 2 * 123_33
    assert sum(cents for _, cents, _ in caps) == 150_00 - 3 * 123_33
    assert await c.sums() == {"direct": 150_00}
    assert await c.books_agree()


async def test_a_years_cap_comes_after_the_months(c: Channel) -> None:
    await c.terms(None, levels=["10"], caps={"month_cents": 100_00, "year_cents": 80_00})
    await c.ordered("direct")
    await c.run()
    assert [cents for _, cents, _ in await of_kind(c, CommissionKind.CAP)] == [-23_33, -20_00]
    assert (await c.run()).changed == 0
    assert await c.sums() == {"direct": 80_00}


async def changed(c: Channel, at: datetime, before: dict[str, Any], after: dict[str, Any]) -> None:
    """What is agreed with the direct partner up to a moment, and from then on."""
    async with c.database.session(SYSTEM) as session:
        query = select(Agreement.id).where(Agreement.organization_id == c.id("direct"))
        agreement_id = (await session.execute(query)).scalar_one()
        for valid, caps in ((Range(None, at), before), (Range(at, None), after)):
            terms = as_json(parse({"levels": ["10"], "caps": caps}))
            whose = {"entity_id": c.entity_id, "organization_id": c.id("direct"), "agreement_id": agreement_id}
            session.add(CommissionTerms(**whose, valid=valid, terms=terms))


async def test_the_last_terms_of_a_year_cap_all_its_months(c: Channel, month: date) -> None:
    before = (month - timedelta(days=1)).replace(day=1)
    await changed(c, bounds(month)[0], {"year_cents": 100_00}, {"year_cents": 50_00})
    await c.ordered("direct")
    await c.run(month)
    assert await c.sums() == {"direct": 50_00}
    if month.month > 1:
        assert await c.run(before) == Ran(0, 0)
        assert await c.run(month) == Ran(0, 0)


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ({"month_cents": 100_00}, {}, 123_33),
        ({}, {"month_cents": 100_00}, 100_00),
        ({"month_cents": 100_00}, {"month_cents": 80_00}, 80_00),
    ],
)
async def test_the_last_terms_of_a_month_cap_all_of_it(
    c: Channel, month: date, before: dict[str, Any], after: dict[str, Any], left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = clock.now()
    change = ordered + timedelta(minutes=5)
    await changed(c, change, before, after)
    await c.ordered("direct")
    await c.run(month)
    assert await c.sums() == {"direct": before.get("month_cents", 123_33)}
    monkeypatch.setattr(clock, "now", lambda: change + timedelta(minutes=5))
    await c.run(month)
    assert await c.sums() == {"direct": left}
    assert await c.run(month) == Ran(0, 0)
    assert await c.books_agree()


async def test_a_cap_holds_for_its_month_when_its_terms_ended_in_it(c: Channel, month: date) -> None:
    await c.terms("direct", levels=["10"], caps={"month_cents": 100_00})
    await c.ordered("direct")
    async with c.database.session(SYSTEM) as session:
        ended = "UPDATE commission_terms SET valid = tstzrange(NULL, now()) WHERE organization_id = :id"
        await session.execute(text(ended), {"id": c.id("direct")})
    await c.run(month)
    assert await c.sums() == {"direct": 100_00}


async def test_an_order_cap_is_cut_over_all_levels(c: Channel) -> None:
    await c.terms("master", caps={"order_cents": 100_00})
    order_id = await c.ordered("dealer")
    sums = await c.sums(order_id)
    assert sums == {"master": 50_00, "regional": 30_00, "dealer": 20_00}
    assert [row.uncut_cents for row in await c.rows()] == [FIVE, THREE, TWO]


@pytest.mark.parametrize(
    ("count", "value", "minimum", "threshold"),
    [(3, 90, 0, 90), (3, 89, 0, 80), (3, 79, 0, None), (3, 95, 4, None), (0, 0, 0, None)],
)
def test_a_tier_is_reached_from_its_threshold_on(count: int, value: int, minimum: int, threshold: int | None) -> None:
    tiers = [Tier(Decimal(80), Reward(1)), Tier(Decimal(90), Reward(2))]
    found = reached(tiers, Figure(count, Fraction(value)), minimum)
    assert (found.threshold if found else None) == threshold
