"""What sessions take of packs and subscriptions: exactly once, also at once, and anew when they are priced anew."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from domain.contacts import privacy
from domain.contacts.errors import HasOpenOrders
from domain.errors import DomainError
from domain.tariffs import buying
from domain.tariffs.benefits import benefits_for, consume, release
from domain.tariffs.invoicing import days_in
from domain.tariffs.models import BenefitUse, OfferKind
from domain.tariffs.months import begins, month_of, next_month
from domain.tariffs.pricing import LineKind, Usage
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.domain.tariffs.drivers import START, driver
from tests.pricing import LONG_AGO, PER_KWH, membership_of, subscription_of


async def test_a_pack_is_used_up_and_a_repriced_session_books_the_difference(database: Database) -> None:
    d = await driver(database)
    pack, first, second = await d.pack(), uuid4(), uuid4()
    assert (await d.charge(first, 7_000)).net_cents == 0
    assert await d.left(pack) == 3_000
    assert (await d.charge(second, 5_000)).net_cents == 100
    assert (await d.charge(first, 7_000)).net_cents == 0, "what it took before is its own"
    assert (await d.charge(first, 9_000)).net_cents == 100, "what the other took stands"
    assert (await d.charge(first, 1_000)).net_cents == 0
    assert await d.left(pack) == 6_000
    async with database.session(SYSTEM) as session:
        await release(session, first)
        await release(session, first)
    assert await d.left(pack) == 7_000


async def test_two_sessions_at_once_never_take_the_same(database: Database) -> None:
    d = await driver(database)
    pack = await d.pack()
    offer = await d.offer(OfferKind.SUBSCRIPTION, cap_cents=300)
    async with database.session(SYSTEM) as session:
        subscription = await subscription_of(session, d.contact, offer)
    prices = await asyncio.gather(*(d.charge(uuid4(), 4_000) for _ in range(6)))
    assert await d.left(pack) == 0
    assert sum(sum(each.pack_uses.values()) for each in prices) == 10_000
    assert sum(each.cap_used_cents for each in prices) == 300
    assert sum(each.net_cents for each in prices) == 6 * 200 - 500 - 300
    async with database.session(SYSTEM) as session:
        taken = select(func.sum(BenefitUse.cents)).where(BenefitUse.subscription_id == subscription.id)
        assert (await session.execute(taken)).scalar_one() == 300


async def test_a_subscription_covers_each_month_up_to_its_cap(database: Database) -> None:
    d = await driver(database)
    offer = await d.offer(OfferKind.SUBSCRIPTION, cap_cents=600)
    async with database.session(SYSTEM) as session:
        await subscription_of(session, d.contact, offer)
    in_march, next_month = uuid4(), datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert (await d.charge(in_march, 10_000)).net_cents == 0
    assert (await d.charge(uuid4(), 10_000)).net_cents == 400
    april = await d.charge(uuid4(), 10_000, next_month)
    assert april.net_cents == 0, "31 March 22:00 UTC is April in Amsterdam"
    assert (await d.charge(in_march, 2_000)).net_cents == 0
    assert (await d.charge(uuid4(), 10_000)).of(LineKind.CAP) == -400


async def test_what_was_bought_later_elsewhere_or_by_somebody_else_does_not_count(database: Database) -> None:
    d, other = await driver(database), await driver(database)
    await d.pack(bought_at=START + timedelta(seconds=1))
    await other.pack()
    async with database.session(SYSTEM) as session:
        stranger = await benefits_for(session, d.contact.id, START, entity_id=other.entity.id)
        nobody = await benefits_for(session, None, START, entity_id=d.entity.id)
    assert (stranger.packs, nobody.packs) == ((), ())
    assert (await d.charge(uuid4(), 1_000)).net_cents == 50


async def test_a_plan_takes_its_percentage_and_packs_are_used_in_the_order_of_buying(database: Database) -> None:
    d = await driver(database)
    second, first = await d.pack(bought_at=LONG_AGO + timedelta(days=1), percent=50), await d.pack(2_000)
    plan = await d.offer(OfferKind.PLAN, discount_percent=Decimal(20), priority=True)
    async with database.session(SYSTEM) as session:
        await membership_of(session, d.contact, plan)
    found = await d.charge(uuid4(), 6_000)
    assert found.pack_uses == {first: 2_000, second: 4_000}
    assert found.net_cents == (300 - 100 - 100) * Decimal("0.8")
    async with database.session(SYSTEM) as session:
        assert (await benefits_for(session, d.contact.id, START, entity_id=d.entity.id)).priority


async def test_a_session_that_used_nothing_gives_back_what_it_took(database: Database) -> None:
    d = await driver(database)
    pack, id = await d.pack(), uuid4()
    await d.charge(id, 4_000)
    async with database.session(SYSTEM) as session:
        given = {"entity_id": d.entity.id, "contact_id": d.contact.id, "terms": PER_KWH}
        assert (await consume(session, id, usage=Usage(), **given)).lines == ()
    assert await d.left(pack) == 10_000


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE energy_pack SET remaining_wh = energy_wh WHERE id = :id",
        "INSERT INTO benefit_use (entity_id, contact_id, charging_session_id, pack_id, wh) "
        "SELECT entity_id, contact_id, uuidv7(), id, remaining_wh + 1 FROM energy_pack WHERE id = :id",
        "INSERT INTO energy_pack (entity_id, contact_id, offer_id, energy_wh, remaining_wh, discount_percent, "
        "price_cents, bought_at) SELECT entity_id, contact_id, offer_id, energy_wh, remaining_wh, discount_percent, "
        "1, now() FROM energy_pack WHERE id = :id",
    ],
)
async def test_the_database_refuses_what_is_not_left_or_was_not_offered(database: Database, change: str) -> None:
    d = await driver(database)
    pack = await d.pack()
    await d.charge(uuid4(), 1_000)
    with pytest.raises(DBAPIError):
        async with database.session(SYSTEM) as session:
            await session.execute(text(change), {"id": pack})


async def test_plans_change_and_end_with_the_month_and_packs_go_back_unused(database: Database) -> None:
    d = await driver(database)
    basic, pro = await d.offer(OfferKind.PLAN, price_cents=0), await d.offer(OfferKind.PLAN)
    bundle, pack = await d.offer(OfferKind.SUBSCRIPTION), await d.offer(OfferKind.PACK)
    async with database.session(SYSTEM) as session:
        first = await buying.join_plan(session, d.contact.id, basic.id)
        paid = await buying.join_plan(session, d.contact.id, pro.id)
        assert (first.valid.isempty or first.valid.upper is not None, paid.valid.upper) == (True, None)
        await _refused("ALREADY_SUBSCRIBED", buying.join_plan(session, d.contact.id, pro.id))
        await _refused("OFFER_NOT_FOR_SALE", buying.join_plan(session, d.contact.id, pack.id))
        left = await buying.leave_plan(session, paid.id)
        assert left.valid.upper is not None
        assert left.valid.upper > datetime.now(UTC)
        assert (await buying.stay_in_plan(session, paid.id)).valid.upper is None
        await _refused("SUBSCRIPTION_NOT_RUNNING", buying.stay_in_plan(session, paid.id))
        taken = await buying.subscribe(session, d.contact.id, bundle.id)
        await _refused("ALREADY_SUBSCRIBED", buying.subscribe(session, d.contact.id, bundle.id))
        await buying.end_subscription(session, taken.id)
        await buying.resume_subscription(session, taken.id)
        bought = await buying.buy_pack(session, d.contact.id, pack.id)
        assert (bought.remaining_wh, bought.price_cents) == (100_000, 4500)
        await buying.cancel_pack(session, bought.id)
        await _refused("PACK_IN_USE", buying.cancel_pack(session, bought.id))


async def test_a_discount_is_not_had_for_an_hour_and_given_up_before_it_costs(database: Database) -> None:
    d = await driver(database)
    basic, pro = await d.offer(OfferKind.PLAN, price_cents=0), await d.offer(OfferKind.PLAN, price_cents=2499)
    most = await d.offer(OfferKind.PLAN, price_cents=4999)
    ends = begins(next_month(month_of(datetime.now(UTC))))
    async with database.session(SYSTEM) as session:
        dear = await buying.join_plan(session, d.contact.id, pro.id)
        cheap = await buying.join_plan(session, d.contact.id, basic.id)
        assert (dear.valid.upper, cheap.valid.lower, cheap.valid.upper) == (ends, ends, None)
        assert days_in(dear.valid, month_of(datetime.now(UTC))) > 0
        await _refused("ALREADY_SUBSCRIBED", buying.join_plan(session, d.contact.id, basic.id))
        assert (await buying.stay_in_plan(session, dear.id)).valid.upper is None
        await session.refresh(cheap)
        assert cheap.valid.isempty
    async with database.session(SYSTEM) as session:
        await buying.leave_plan(session, dear.id)
        cheap = await buying.join_plan(session, d.contact.id, basic.id)
        again = await buying.join_plan(session, d.contact.id, pro.id)
        assert (cheap.valid.isempty, again.valid.upper) == (True, None)
        dearest = await buying.join_plan(session, d.contact.id, most.id)
        await session.refresh(again)
        assert again.valid.isempty or again.valid.upper == dearest.valid.lower
        cheap = await buying.join_plan(session, d.contact.id, basic.id)
        assert (await buying.leave_plan(session, cheap.id)).valid.isempty


async def test_of_several_clicks_at_once_one_counts(database: Database) -> None:
    d = await driver(database)
    plan, bundle = await d.offer(OfferKind.PLAN), await d.offer(OfferKind.SUBSCRIPTION)

    async def click(buy: Callable[..., Awaitable[object]], offer_id: UUID) -> str:
        try:
            async with database.session(SYSTEM) as session:
                await buy(session, d.contact.id, offer_id)
        except DomainError as refused:
            return refused.code
        return ""

    clicks = [(buying.join_plan, plan.id), (buying.subscribe, bundle.id)] * 4
    said = await asyncio.gather(*(click(*each) for each in clicks))
    assert sorted(said) == ["", ""] + ["ALREADY_SUBSCRIBED"] * 6


async def test_nobody_is_erased_while_something_runs_that_is_paid_by_the_month(database: Database) -> None:
    d = await driver(database)
    async with database.session(SYSTEM) as session:
        free, bundle = await d.offer(OfferKind.PLAN, price_cents=0), await d.offer(OfferKind.SUBSCRIPTION)
        await buying.join_plan(session, d.contact.id, free.id)
        held = await buying.subscribe(session, d.contact.id, bundle.id)
    async with database.session(SYSTEM) as session:
        with pytest.raises(HasOpenOrders, match="charging subscription"):
            await privacy.erase(session, SYSTEM, d.contact.id)
        over = text(
            "UPDATE charging_subscription SET valid = tstzrange(now() - interval '2 days', now()) WHERE id = :id"
        )
        await session.execute(over, {"id": held.id})
        assert (await privacy.erase(session, SYSTEM, d.contact.id)).erased_at is not None


async def test_a_free_subscription_has_one_cap_a_month_too(database: Database) -> None:
    d = await driver(database)
    offer = await d.offer(OfferKind.SUBSCRIPTION, price_cents=0)
    async with database.session(SYSTEM) as session:
        taken = await buying.subscribe(session, d.contact.id, offer.id)
        ended = await buying.end_subscription(session, taken.id)
        assert ended.valid.upper == begins(next_month(month_of(datetime.now(UTC))))
        await _refused("ALREADY_SUBSCRIBED", buying.subscribe(session, d.contact.id, offer.id))


async def _refused(code: str, work: object) -> None:
    with pytest.raises(DomainError) as error:
        await work  # type: ignore[misc]  # a coroutine
    assert error.value.code == code
