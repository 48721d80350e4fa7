"""Customers and partners are told of a visit what holds when they are told, and nothing twice."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from domain.days.events import VisitArrivalChanged, VisitEnRoute
from domain.disruptions.events import VisitPromiseBroken
from domain.notifications import preferences
from domain.notifications import visits as causes
from domain.orders import service as orders
from domain.visits import telling
from domain.visits.events import VisitBooked, VisitCancelled, VisitConfirmed, VisitEvent
from domain.visits.models import DayBlock, Visit
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tests import factories
from tests.domain.notifications.market import Post, post
from tests.replanning import follow_visits, plan, unplan

At = Callable[[datetime], None]
DAY, LATER = date(2026, 7, 20), date(2026, 7, 21)
NIGHT = datetime(2026, 7, 19, 20, tzinfo=UTC)
"""22:00 in Amsterdam, the evening before."""
PROMISED = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
async def mine(database: Database) -> Post:
    return await post(database, agreement={})


@pytest.fixture
async def team_id(database: Database) -> UUID:
    async with database.session(SYSTEM) as session:
        return (await factories.team(session)).id


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


async def told(mine: Post) -> list[str]:
    """What was told of visits and their days, in order."""
    await mine.react()
    return [row.kind for row in await mine.told() if row.kind.startswith(("visit.", "order.scheduled"))]


async def text(mine: Post, kind: str) -> str:
    """What the last mail of a kind to the customer says."""
    return [row for row in await mine.told(kind) if row.contact_id][-1].text


async def letter(mine: Post, subject: str) -> str:
    """The last mail to the customer of which the subject begins so."""
    return [mail for mail in await mine.mail(mine.customer_email) if mail.subject.startswith(subject)][-1].body


async def happens(mine: Post, visit_id: UUID, made: Callable[[Any], VisitEvent], **values: Any) -> None:
    """Change a visit and tell of it."""
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(Visit).where(Visit.id == visit_id).values(**values))
        visit = await session.get_one(Visit, visit_id, populate_existing=True)
        await telling.tell(session, visit, made((visit.order_id, visit.position, visit.kind)))


async def window(mine: Post, visit_id: UUID, begins: datetime, status: str = "PLANNED") -> None:
    until = begins + timedelta(minutes=90)
    said = (begins.isoformat(), until.isoformat())
    values = {"arrival_from": begins, "arrival_until": until, "status": status}
    await happens(mine, visit_id, lambda of: VisitArrivalChanged(*of, *said), **values)


# --- days -------------------------------------------------------------------------------------------------------------


async def test_who_is_given_a_day_is_asked_to_agree_and_the_partner_is_told_when_and_by_whom(
    mine: Post, team_id: UUID
) -> None:
    await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    await follow_visits(mine.database, mine.entity_id)
    assert sorted(await told(mine)) == ["order.scheduled.partner", "visit.planned"]
    assert await told(mine) == await told(mine)
    assert "20 juli 2026, in de ochtend" in await text(mine, "visit.planned")
    [partner] = await mine.told("order.scheduled.partner")
    assert "op 20 juli 2026 door Team" in partner.text
    assert "Bevestig het op" in await letter(mine, "Komt dit moment u uit?")


async def test_what_was_booked_stands(mine: Post, team_id: UUID) -> None:
    visit_id = await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    await happens(mine, visit_id, lambda of: VisitBooked(*of, DAY.isoformat(), "MORNING"), promised_at=PROMISED)
    assert set(await told(mine)) == {"visit.booked"}
    assert "staat vast: 20 juli 2026, in de ochtend" in await letter(mine, "Uw afspraak")


async def test_who_agrees_is_thanked(mine: Post, team_id: UUID) -> None:
    visit_id = await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    assert await told(mine) == ["visit.planned"]
    await happens(mine, visit_id, lambda of: VisitConfirmed(*of, DAY.isoformat(), "MORNING"), promised_at=PROMISED)
    assert await told(mine) == ["visit.planned", "visit.confirmed"]


@pytest.mark.parametrize(("promised", "asked"), [(None, True), (PROMISED, False)])
async def test_another_day_is_told_and_agreed_to_unless_it_was_chosen(
    mine: Post, team_id: UUID, promised: datetime | None, asked: bool
) -> None:
    order_id = await mine.market.ordered()
    visit_id = await plan(mine.database, order_id, DAY, team_id)
    await told(mine)
    async with mine.database.session(SYSTEM) as session:
        await session.execute(update(Visit).where(Visit.id == visit_id).values(promised_at=promised))
    await plan(mine.database, order_id, LATER, team_id, DayBlock.AFTERNOON)
    assert sorted(await told(mine)) == ["visit.moved", "visit.moved.partner", "visit.planned"]
    body = await letter(mine, "Uw afspraak")
    assert "verplaatst naar 21 juli 2026, in de middag" in body
    assert ("Bevestig het" in body) == asked


async def test_another_team_on_the_same_day_is_nothing_to_tell(mine: Post, team_id: UUID) -> None:
    order_id = await mine.market.ordered()
    await plan(mine.database, order_id, DAY, team_id)
    await told(mine)
    async with mine.database.session(SYSTEM) as session:
        other = (await factories.team(session)).id
    await plan(mine.database, order_id, DAY, other)
    assert await told(mine) == ["visit.planned"]


async def test_only_where_it_has_come_to_is_told(mine: Post, team_id: UUID) -> None:
    order_id = await mine.market.ordered()
    for day in (DAY, LATER, date(2026, 7, 22)):
        await plan(mine.database, order_id, day, team_id)
    assert sorted(await told(mine)) == ["visit.moved", "visit.moved.partner"]
    assert "22 juli 2026" in await text(mine, "visit.moved")


async def test_what_waits_to_be_sent_is_taken_back_when_it_is_no_longer_so(mine: Post, team_id: UUID) -> None:
    order_id = await mine.market.ordered()
    await plan(mine.database, order_id, DAY, team_id)
    await told(mine)
    before = len(await mine.mail(mine.customer_email))
    await plan(mine.database, order_id, LATER, team_id)
    await told(mine)
    assert ("EMAIL", "SUPPRESSED", "OUTDATED") in await mine.over("visit.planned")
    mails = await mine.mail(mine.customer_email)
    assert len(mails) == before
    assert not any("Komt dit moment" in mail.subject for mail in mails)


# --- off --------------------------------------------------------------------------------------------------------------


async def test_a_lost_day_is_told_to_both(mine: Post, team_id: UUID) -> None:
    order_id = await mine.market.ordered()
    await plan(mine.database, order_id, DAY, team_id)
    await told(mine)
    await unplan(mine.database, order_id)
    assert sorted(await told(mine)) == ["visit.planned", "visit.unplanned", "visit.unplanned.partner"]
    assert "Uw afspraak van 20 juli 2026" in await text(mine, "visit.unplanned")


async def test_a_broken_promise_is_told_with_what_is_offered_instead(mine: Post, team_id: UUID) -> None:
    order_id = await mine.market.ordered()
    visit_id = await plan(mine.database, order_id, DAY, team_id)
    await told(mine)
    await unplan(mine.database, order_id)
    offers = [{"day": "2026-07-22", "block": "AFTERNOON"}, {"day": "2026-07-24", "block": "MORNING"}]
    await happens(mine, visit_id, lambda of: VisitPromiseBroken(*of, DAY.isoformat(), "MORNING", offers))
    assert await told(mine) == ["visit.planned", "visit.alternatives"]
    body = await letter(mine, "Wij kunnen uw afspraak")
    assert "- 22 juli 2026, in de middag\n- 24 juli 2026, in de ochtend\n\nKies een moment" in body


async def test_of_a_cancelled_order_it_is_told_as_a_whole(mine: Post, team_id: UUID) -> None:
    order_id = await mine.market.ordered()
    await plan(mine.database, order_id, DAY, team_id)
    await told(mine)
    async with mine.database.session(mine.actor("staff")) as session:
        await orders.cancel(session, order_id, "Verhuisd")
    assert await told(mine) == ["visit.planned"]
    assert len(await mine.told("order.cancelled")) == 1
    assert ("EMAIL", "SUPPRESSED", "OUTDATED") in await mine.over("visit.planned")


async def test_a_visit_that_is_not_needed_any_more(mine: Post, team_id: UUID) -> None:
    visit_id = await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    await told(mine)
    values = {"status": "CANCELLED", "outcome": "CANCELLED"}
    await happens(mine, visit_id, lambda of: VisitCancelled(*of, "Al gedaan"), **values)
    assert sorted(await told(mine)) == ["visit.cancelled", "visit.cancelled.partner", "visit.planned"]
    [partner] = await mine.told("visit.cancelled.partner")
    assert "Al gedaan" in partner.text


async def test_of_an_order_on_hold_nothing_is_told(mine: Post, team_id: UUID) -> None:
    order_id = await mine.market.ordered()
    async with mine.database.session(mine.actor("staff")) as session:
        await orders.hold(session, order_id, "Wacht")
    await plan(mine.database, order_id, DAY, team_id)
    assert await told(mine) == []


# --- on the day -------------------------------------------------------------------------------------------------------


async def test_a_window_of_arrival_waits_for_the_morning_and_is_taken_back_when_it_changes(
    mine: Post, team_id: UUID, at: At
) -> None:
    visit_id = await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    await told(mine)
    at(NIGHT)
    await window(mine, visit_id, datetime(2026, 7, 20, 8, 15, tzinfo=UTC))
    await told(mine)
    [(_, state, _)] = [each for each in await mine.over("visit.arrival") if each[0] == "EMAIL"]
    assert state == "QUEUED"
    assert "tussen 10:15 en 11:45" in await text(mine, "visit.arrival")
    await window(mine, visit_id, datetime(2026, 7, 20, 9, tzinfo=UTC))
    await told(mine)
    over = [each for each in await mine.deliveries("visit.arrival") if each.channel == "EMAIL"]
    assert [(each.state, each.reason) for each in over] == [("SUPPRESSED", "OUTDATED"), ("QUEUED", None)]
    assert over[1].next_attempt_at == datetime(2026, 7, 20, 6, tzinfo=UTC)


async def test_a_window_that_opens_early_is_told_at_night(mine: Post, team_id: UUID, at: At) -> None:
    visit_id = await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    await told(mine)
    at(NIGHT)
    await window(mine, visit_id, datetime(2026, 7, 20, 6, tzinfo=UTC))
    await told(mine)
    [mail] = [each for each in await mine.deliveries("visit.arrival") if each.channel == "EMAIL"]
    assert mail.next_attempt_at == NIGHT


async def test_that_the_team_is_on_its_way_is_told_at_once_or_not_at_all(mine: Post, team_id: UUID, at: At) -> None:
    visit_id = await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    await told(mine)
    begins = datetime(2026, 7, 20, 8, 15, tzinfo=UTC)
    values = {"status": "EN_ROUTE", "arrival_from": begins, "arrival_until": begins + timedelta(minutes=30)}
    await happens(mine, visit_id, lambda of: VisitEnRoute(*of, begins.isoformat()), **values)
    now = datetime.now(UTC)
    at(now + causes.IN_TIME + timedelta(minutes=1))
    assert await told(mine) == ["visit.planned"]
    at(now)
    assert await told(mine) == ["visit.planned", "visit.en_route"]
    assert "tussen 10:15 en 10:45" in await text(mine, "visit.en_route")


async def test_who_does_not_want_to_know_is_not_told(mine: Post, team_id: UUID) -> None:
    visit_id = await plan(mine.database, await mine.market.ordered(), DAY, team_id)
    await told(mine)
    async with mine.database.session(mine.actor("customer")) as session:
        await preferences.save(session, preferences.Wishes(muted=["visit.en_route"]))
    await happens(mine, visit_id, lambda of: VisitEnRoute(*of, PROMISED.isoformat()), status="EN_ROUTE")
    await told(mine)
    assert [reason for _, _, reason in await mine.over("visit.en_route")] == ["OPTED_OUT"]
