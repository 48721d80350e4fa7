"""What is promised is watched: a breach is opened once and told once, however often it is looked at."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from domain.errors import OutOfRange
from domain.events.models import Event
from domain.partner_management import handling, promises, reactions
from domain.partner_management.errors import BreachOver, MaintenanceTooSoon
from domain.partner_management.models import ServiceBreach, ServiceMetric
from domain.partner_management.promises import CALM, ESCALATES, FLAPPING, MANY, missed
from domain.partner_management.readings import Reading, uptime
from domain.request_log.histogram import CLASSES
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tests.quoting import Market, market

NOW = datetime(2026, 5, 13, 9, 30, tzinfo=UTC)
SLOW, FAST = 8, 2
"""Classes of the histogram: up to 1000 ms, up to 25 ms."""


@pytest.fixture
async def sold(database: Database) -> Market:
    return await market(database, agreement={"terms": {"sla": {"response_ms": 400}}})


async def asked(made: Market, at: datetime, cell: int, *, requests: int = 100, errors: int = 0) -> None:
    """Requests of the dealer in the hour of a moment, all as fast; what there was before is forgotten."""
    cells = [0] * CLASSES
    cells[cell] = requests
    async with made.database.session(SYSTEM) as session:
        await session.execute(text("DELETE FROM request_hour WHERE entity_id = :e"), {"e": made.entity.id})
        await session.execute(
            text(
                "INSERT INTO request_hour (hour, entity_id, organization_id, route, sandbox, requests, refused, "
                "errors, unlogged, milliseconds, slowest, histogram) "
                "VALUES (date_trunc('hour', CAST(:at AS timestamptz)), :e, :o, '/orders', false, :n, 0, :errors, 0, 1, "
                "900, :cells)"
            ),
            {"at": at, "e": made.entity.id, "o": made.dealer.id, "n": requests, "errors": errors, "cells": cells},
        )


async def look(made: Market, at: datetime) -> promises.Looked:
    async with made.database.session(SYSTEM) as session:
        return await promises.look(session, made.entity.id, at)


async def breaches(made: Market) -> list[ServiceBreach]:
    async with made.database.session(SYSTEM) as session:
        query = select(ServiceBreach).where(ServiceBreach.entity_id == made.entity.id)
        return list(await session.scalars(query.order_by(ServiceBreach.opened_at)))


async def told(made: Market) -> list[str]:
    """Types of events about breaches, in their order."""
    async with made.database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.entity_id == made.entity.id, Event.subject_type == "ServiceBreach")
        return [type.removeprefix("service_breach.") for type in await session.scalars(query.order_by(Event.id))]


async def test_a_breach_is_told_once_escalates_when_nobody_looks_and_ends_when_it_is_calm(sold: Market) -> None:
    await asked(sold, NOW, SLOW)
    for minute in range(3):
        await look(sold, NOW + timedelta(minutes=minute))
    (breach,) = await breaches(sold)
    assert (breach.metric, breach.organization_id, breach.target) == ("RESPONSE", sold.dealer.id, Decimal(400))
    assert await told(sold) == ["opened"]
    later = NOW + ESCALATES[1]
    await asked(sold, later, SLOW)
    await look(sold, later)
    await look(sold, later + timedelta(minutes=1))
    assert await told(sold) == ["opened", "escalated"]
    async with sold.database.session(sold.actors["staff"]) as session:
        await handling.acknowledge(session, breach.id, "A slow query")
    at = NOW + ESCALATES[2] + timedelta(minutes=1)
    await asked(sold, at, SLOW)
    await look(sold, at)
    assert (await breaches(sold))[0].level == 2  # somebody sees to it
    await asked(sold, at, FAST)
    await look(sold, at + CALM / 2)
    assert (await breaches(sold))[0].closed_at is None
    await look(sold, at + CALM)
    assert await told(sold) == ["opened", "escalated", "acknowledged", "closed"]
    async with sold.database.session(sold.actors["staff"]) as session:
        with pytest.raises(BreachOver):
            await handling.acknowledge(session, breach.id)


async def test_what_comes_back_soon_is_the_same_breach_and_later_another(sold: Market) -> None:
    await asked(sold, NOW, SLOW)
    await look(sold, NOW)
    await asked(sold, NOW, FAST)
    await look(sold, NOW + CALM)
    await asked(sold, NOW, SLOW)
    await look(sold, NOW + CALM + FLAPPING / 2)
    assert (len(await breaches(sold)), await told(sold)) == (1, ["opened", "closed", "reopened"])
    over = NOW + CALM * 3 + FLAPPING
    await asked(sold, over, FAST)
    await look(sold, over)
    again = over + FLAPPING + CALM
    await asked(sold, again, SLOW)
    await look(sold, again)
    assert len(await breaches(sold)) == 2


async def test_announced_maintenance_breaks_no_promise(sold: Market) -> None:
    now = clock.now()
    starts, ends = now + timedelta(hours=25), now + timedelta(hours=28)
    async with sold.database.session(sold.actors["staff"]) as session:
        with pytest.raises(MaintenanceTooSoon):
            await handling.announce(session, sold.entity.id, now + timedelta(hours=1), ends, "Now, as it is down")
        with pytest.raises(OutOfRange):
            await handling.announce(session, sold.entity.id, starts, starts + timedelta(days=2), "Long")
        window = await handling.announce(session, sold.entity.id, starts, ends, "New disks")
    during = starts + timedelta(hours=1)
    await asked(sold, during, SLOW)
    assert (await look(sold, during)).opened == 0
    async with sold.database.session(sold.actors["staff"]) as session:
        await handling.call_off(session, window.id)
    assert (await look(sold, during)).opened == 1


async def test_updates_and_orders_that_wait_are_measured_by_the_oldest(sold: Market) -> None:
    order = text(
        "INSERT INTO partner_order (entity_id, organization_id, channel_organization_ids, partner_order_id, way, "
        "document, body_sha256, content_sha256, received_at) "
        "VALUES (:e, :o, ARRAY[CAST(:o AS uuid)], 'A', 'API', '{}', '', '', :at)"
    )
    of = {"e": sold.entity.id, "o": sold.dealer.id}
    async with sold.database.session(SYSTEM) as session:
        await session.execute(order, of | {"at": NOW - timedelta(minutes=6)})
    await look(sold, NOW)
    (breach,) = await breaches(sold)
    assert (breach.metric, breach.latest, breach.samples) == ("PROCESSING", Decimal(6), 1)


async def test_the_office_is_told_once_and_partners_see_their_own(sold: Market) -> None:
    await asked(sold, NOW, SLOW)
    await look(sold, NOW)
    async with sold.database.session(SYSTEM) as session:
        query = select(Event).where(Event.entity_id == sold.entity.id, Event.subject_type == "ServiceBreach")
        event = (await session.execute(query)).scalar_one()
        for _ in range(2):
            await reactions.react(session, event)
        kinds = text("SELECT kind FROM notification WHERE entity_id = :e AND subject_type = 'ServiceBreach'")
        assert list(await session.scalars(kinds, {"e": sold.entity.id})) == ["service.breached.staff"]
    for name, many in (("dealer", 1), ("master", 1), ("staff", 1)):
        async with sold.database.session(sold.actors[name]) as session:
            assert len(list(await session.scalars(select(ServiceBreach.id)))) == many


def reading(value: str, metric: ServiceMetric = ServiceMetric.RESPONSE, of: UUID | None = None) -> Reading:
    return Reading(of or uuid4(), metric, Decimal(value), 100, Decimal(500))


def test_what_many_miss_at_once_is_one_breach_of_the_platform() -> None:
    late = [reading("900") for _ in range(MANY)]
    (one,) = missed([*late, *(reading("100") for _ in range(MANY))])
    assert (one.organization_id, one.partners, one.value) == (None, MANY, Decimal(900))
    assert len(missed([*late, *(reading("100") for _ in range(5 * MANY))])) == MANY
    assert len(missed(late[1:])) == MANY - 1


def test_uptime_is_never_rounded_up() -> None:
    assert uptime(100_000, 101) == Decimal("99.899")
    assert uptime(3, 1) == Decimal("66.666")
