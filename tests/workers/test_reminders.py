"""Reminders come on their day, once, to who has to act; and the follow-up of leads goes by the person's wishes."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from domain.notifications import preferences, reminders, settings
from domain.notifications.models import NotificationDelivery
from domain.notifications.preferences import Wishes
from domain.notifications.settings import NotificationSettings
from domain.orders import service as orders
from domain.quotes.models import Quote
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.domain.notifications.market import Post, post
from tests.replanning import plan
from workers.notifications import remind

At = Callable[[datetime], None]
DAY = timedelta(days=1)
MORNING = datetime(2026, 6, 11, 8, tzinfo=UTC)
"""10:00 in Amsterdam."""


@pytest.fixture
async def own(fresh_database: Any, database: Database) -> AsyncIterator[Database]:
    """A database of its own: reminders look at every entity."""
    made = Database(await fresh_database(), database._password)
    yield made
    await made.close()


@pytest.fixture
async def mine(own: Database) -> Post:
    return await post(own, agreement={})


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


async def planned(mine: Post, day: date) -> UUID:
    order_id = await mine.market.ordered()
    async with mine.database.session(SYSTEM) as session:
        values = {"status": "PLANNED", "day": day, "block": "AFTERNOON"}
        await session.execute(update(Visit).where(Visit.order_id == order_id).values(**values))
    return order_id


async def kinds(mine: Post) -> list[str]:
    return sorted(row.kind for row in await mine.told())


# --- visits -------------------------------------------------------------------------------------------------------


async def test_the_day_before_a_visit_and_only_once(mine: Post, at: At) -> None:
    await planned(mine, date(2026, 6, 12))
    for moment in (MORNING - DAY, MORNING - timedelta(hours=2), MORNING, MORNING + timedelta(hours=3), MORNING + DAY):
        at(moment)
        await remind(mine.database)
        await remind(mine.database)
        assert await kinds(mine) == (["visit.reminder"] if moment >= MORNING else []), moment
    [mail] = await mine.mail(mine.customer_email)
    assert "op 12 juni 2026, in de middag" in mail.body


async def test_a_visit_that_is_moved_is_brought_to_mind_again(mine: Post, at: At) -> None:
    order_id = await planned(mine, date(2026, 6, 12))
    at(MORNING)
    await remind(mine.database)
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(Visit).where(Visit.order_id == order_id).values(day=date(2026, 6, 15)))
    at(MORNING + 3 * DAY)
    await remind(mine.database)
    assert await kinds(mine) == ["visit.reminder", "visit.reminder"]


async def test_a_reminder_that_was_not_sent_yet_goes_when_the_visit_is_moved(mine: Post, at: At) -> None:
    async with mine.database.session(SYSTEM) as session:
        team_id = (await factories.team(session)).id
    order_id = await mine.market.ordered()
    await plan(mine.database, order_id, date(2026, 6, 12), team_id)
    at(MORNING)
    await remind(mine.database)
    await plan(mine.database, order_id, date(2026, 6, 15), team_id)
    await mine.react()
    assert ("EMAIL", "SUPPRESSED", "OUTDATED") in await mine.over("visit.reminder")
    assert not [mail for mail in await mine.mail(mine.customer_email) if mail.subject.startswith("Morgen")]
    at(MORNING + 3 * DAY)
    await remind(mine.database)
    assert [mail for mail in await mine.mail(mine.customer_email) if mail.subject.startswith("Morgen")]


async def test_no_reminder_of_what_does_not_take_place(mine: Post, at: At) -> None:
    cancelled, held = await planned(mine, date(2026, 6, 12)), await planned(mine, date(2026, 6, 12))
    async with mine.database.session(mine.actor("staff")) as session:
        await orders.cancel(session, cancelled, "Ziet af")
        await orders.hold(session, held, "Wacht")
    at(MORNING)
    await remind(mine.database)
    assert await kinds(mine) == []


# --- quotes -------------------------------------------------------------------------------------------------------


async def sent(mine: Post, at: datetime, expires: datetime, quote_id: UUID | None = None) -> UUID:
    id = quote_id or await mine.market.quote()
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(Quote).where(Quote.id == id).values(sent_at=at, expires_at=expires))
    return id


async def test_a_quote_is_brought_to_mind_once_of_those_who_have_to_act(mine: Post, at: At) -> None:
    await sent(mine, MORNING, MORNING + 30 * DAY)
    for days in (6, 7, 7, 8, 10):
        at(MORNING + days * DAY)
        await remind(mine.database)
    assert await kinds(mine) == ["quote.reminder", "quote.reminder.partner"]


async def test_who_has_signed_is_left_alone(mine: Post, at: At) -> None:
    quote_id = await mine.market.quote()
    await mine.market.sign("customer", quote_id)
    await sent(mine, MORNING, MORNING + 30 * DAY, quote_id)
    at(MORNING + 7 * DAY)
    await remind(mine.database)
    assert await kinds(mine) == ["quote.reminder.partner"]


async def test_before_a_quote_expires(mine: Post, at: At) -> None:
    await sent(mine, MORNING - 20 * DAY, MORNING + 3 * DAY)
    for hours in (-1, 0, 24, 48, 71, 73):
        at(MORNING + timedelta(hours=hours))
        await remind(mine.database)
        assert bool(await kinds(mine)) == (hours >= 0), hours
    assert await kinds(mine) == ["quote.expiring", "quote.expiring.partner"]
    [mail] = await mine.mail(mine.customer_email)
    assert "14 juni 2026" in mail.body


async def test_the_entity_says_when(mine: Post, at: At) -> None:
    await sent(mine, MORNING, MORNING + 30 * DAY)
    await planned(mine, date(2026, 6, 12))
    async with mine.database.session(SYSTEM) as session:
        admin = await factories.actor_with(session, Role.TENANT_ADMIN, mine.market.entity)
    async with mine.database.session(admin) as session:
        chosen = NotificationSettings(quote_reminder_days=2, quote_expiry_days=0, visit_reminder=False)
        await settings.save(session, mine.entity_id, chosen)
    at(MORNING)
    await remind(mine.database)
    assert await kinds(mine) == []
    at(MORNING + 2 * DAY)
    await remind(mine.database)
    assert await kinds(mine) == ["quote.reminder", "quote.reminder.partner"]


async def test_one_that_fails_holds_up_no_other(mine: Post, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await sent(mine, MORNING, MORNING + 30 * DAY)
    await sent(mine, MORNING, MORNING + 30 * DAY)
    whole = reminders.tell_signers

    async def failing(session: Any, quote: Quote, *rest: Any) -> None:
        if quote.id == first:
            raise RuntimeError("no")
        await whole(session, quote, *rest)

    monkeypatch.setattr(reminders, "tell_signers", failing)
    at(MORNING + 7 * DAY)
    await remind(mine.database)
    assert len(await kinds(mine)) == 2


async def test_reminders_that_are_not_wanted_are_not_sent(mine: Post, at: At) -> None:
    await planned(mine, date(2026, 6, 12))
    async with mine.database.session(mine.actor("customer")) as session:
        await preferences.save(session, Wishes(muted=["visit.reminder"]))
    at(MORNING)
    await remind(mine.database)
    assert await mine.mail(mine.customer_email) == []
    rows: list[NotificationDelivery] = await mine.deliveries()
    assert [row.reason for row in rows] == ["OPTED_OUT"]
