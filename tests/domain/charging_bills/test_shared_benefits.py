"""What a driver's sessions share: whichever is billed first, each is invoiced, and nothing is taken twice."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select

from domain.charging_bills import bills, reactions
from domain.contacts import merging
from domain.tariffs.models import BenefitUse, EnergyPack, OfferKind
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.billing_sessions import EVENING, Place, charging_place
from tests.pricing import offer_of, pack_of, subscription_of

EARLIER = EVENING - timedelta(hours=5)
"""At this hour two hours and 20 kWh cost 16.00, at EVENING 24.00."""


async def taken(place: Place) -> dict[UUID, int | None]:
    async with place.database.session(SYSTEM) as session:
        rows = select(BenefitUse.charging_session_id, BenefitUse.wh).where(BenefitUse.entity_id == place.entity_id)
        return {row[0]: row[1] for row in await session.execute(rows)}


async def pack(place: Place, wh: int, percent: int = 100) -> EnergyPack:
    async with place.database.session(SYSTEM) as session:
        terms = {"energy_wh": wh, "discount_percent": Decimal(percent)}
        offer = await offer_of(session, place.yard.entity, OfferKind.PACK, **terms)
        return await pack_of(session, place.yard.driver, offer)


async def test_what_a_late_session_takes_of_a_cap_is_invoiced_of_the_one_that_was_free(database: Database) -> None:
    place = await charging_place(database)
    async with database.session(SYSTEM) as session:
        offer = await offer_of(session, place.yard.entity, OfferKind.SUBSCRIPTION, cap_cents=2400)
        await subscription_of(session, place.yard.driver, offer)
    second = await place.charge()
    async with database.session(SYSTEM) as session:
        await reactions.bill(session, {"session_id": str(second)})
    assert (await place.billing(second)).status == "FREE"
    first = await place.charge(EARLIER)
    async with database.session(SYSTEM) as session:
        await reactions.bill(session, {"session_id": str(first)})
    assert ((await place.billing(first)).status, (await place.billing(first)).net_cents) == ("FREE", 0)
    dearer = await place.billing(second)
    assert (dearer.status, dearer.net_cents, dearer.charged_net_cents) == ("INVOICED", 1600, 1600)


async def test_a_pack_stays_used_by_sessions_whose_readings_are_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = await charging_place(database)
    held = await pack(place, 50_000)
    first, second = await place.charge(EARLIER), await place.charge()
    for each in (first, second):
        await place.bill(each)
    before = await taken(place)
    assert before == {first: 20_000, second: 20_000}
    monkeypatch.setattr(bills, "oldest", lambda now: now)
    async with database.session(SYSTEM) as session:
        await bills.rebill(session, first)
    assert await taken(place) == before
    async with database.session(SYSTEM) as session:
        assert (await session.get_one(EnergyPack, held.id)).remaining_wh == 10_000


async def test_one_person_with_two_records_shares_all_the_same(database: Database) -> None:
    place = await charging_place(database)
    await pack(place, 30_000)
    second = await place.charge()
    await place.bill(second)
    async with database.session(SYSTEM) as session:
        kept = await factories.person(session, place.yard.entity)
        await merging.merge(session, SYSTEM, kept.id, place.yard.driver.id)
    first = await place.charge(EARLIER)
    await place.bill(first)
    assert await taken(place) == {first: 20_000, second: 10_000}
