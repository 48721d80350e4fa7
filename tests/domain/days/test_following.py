"""Orders and windows follow what is planned."""

from collections import namedtuple
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from domain.contacts.personal import DECLARED
from domain.days import reactions
from domain.days.models import VisitReport
from domain.days.orders import stage_of
from domain.events.models import Event
from domain.orders.models import Order, OrderStage
from domain.planning.arrival import moment
from domain.visits import telling
from domain.visits.events import VisitPlanned, VisitUnplanned
from domain.visits.models import Visit
from tenants.actor import SYSTEM, Actor
from tenants.auth import clock
from tenants.permissions import Role
from tests import factories
from tests.domain.days.telling import told
from tests.visiting import Work, monday, planned

DAY = monday()
Made = namedtuple("Made", ["status", "outcome"])
WAITS, HAS_A_DAY, AT_WORK = Made("REQUIRED", None), Made("PLANNED", None), Made("IN_PROGRESS", None)
DONE, PARTLY, OFF = Made("DONE", "COMPLETED"), Made("DONE", "PARTIAL"), Made("CANCELLED", "CANCELLED")


@pytest.mark.parametrize(
    ("before", "visits", "after"),
    [
        ("RECEIVED", [WAITS], "RECEIVED"),
        ("RECEIVED", [HAS_A_DAY, WAITS], "SCHEDULED"),
        ("SCHEDULED", [WAITS], "PLANNING"),
        ("SCHEDULED", [AT_WORK, WAITS], "IN_PROGRESS"),
        ("IN_PROGRESS", [DONE, HAS_A_DAY], "SCHEDULED"),
        ("IN_PROGRESS", [PARTLY, WAITS], "PLANNING"),
        ("IN_PROGRESS", [PARTLY, DONE], "COMPLETED"),
        ("IN_PROGRESS", [PARTLY], "IN_PROGRESS"),
        ("PLANNING", [OFF, DONE], "COMPLETED"),
        ("RECEIVED", [OFF], "RECEIVED"),
    ],
)
def test_where_an_order_is_with_its_visits(before: str, visits: list[Made], after: str) -> None:
    assert stage_of(OrderStage(before), visits) == after


async def test_an_order_is_scheduled_when_its_visit_is(some: Work) -> None:
    team = await some.team()
    [visit] = await some.visits()
    assert await _stage(some, visit) == "RECEIVED"
    await some.change(visit, **planned(team, DAY))
    await _react(some, visit, lambda row: VisitPlanned(*_about(row), DAY.isoformat(), "MORNING", team))
    assert await _stage(some, visit) == "SCHEDULED"
    await some.change(visit, status="REQUIRED", team_id=None, day=None, block=None, route_order=None)
    await _react(some, visit, lambda row: VisitUnplanned(*_about(row), DAY.isoformat(), "MORNING"))
    assert await _stage(some, visit) == "PLANNING"


async def test_an_order_names_the_teams_of_its_visits(some: Work) -> None:
    team, other = await some.team(), await some.team()
    first, second = await some.pair()
    await some.change(first, **planned(team, DAY))
    await some.change(second, **planned(other, DAY + timedelta(days=1)))
    assert await _teams(some, first) == sorted([team, other])
    async with some.database.session(SYSTEM) as session:
        technician = await factories.actor_with(session, Role.TECHNICIAN, some.markets[0].entity, team_id=other)
    assert await _sees(some, technician, first)
    await some.change(second, status="REQUIRED", team_id=None, day=None, block=None, route_order=None)
    assert await _teams(some, first) == [team]
    assert not await _sees(some, technician, first)


async def _teams(some: Work, visit: UUID) -> list[UUID]:
    async with some.database.session(SYSTEM) as session:
        query = select(Order.team_ids).join(Visit, Visit.order_id == Order.id).where(Visit.id == visit)
        return list((await session.execute(query)).scalar_one())


async def _sees(some: Work, technician: Actor, visit: UUID) -> bool:
    """The order of a visit."""
    order_id = (await some.visit(visit)).order_id
    async with some.database.session(technician) as session:
        return (await session.execute(select(Order.id).where(Order.id == order_id))).first() is not None


async def test_what_was_noted_at_a_person_s_is_erased_with_the_person(some: Work) -> None:
    team = await some.team()
    [visit] = await some.visits(**planned(team, DAY))
    row = await some.visit(visit)
    async with some.database.session(SYSTEM) as session:
        noted = {"client_id": uuid4(), "visit_id": visit, "kind": "ARRIVAL", "at": moment(DAY, 500), "note": "Hond"}
        session.add(VisitReport(team_id=team, **noted))
    async with some.database.session(SYSTEM) as session:
        for statement in DECLARED["visit_report"].erase:
            await session.execute(text(statement), {"ids": [str(row.end_customer_contact_id)]})
        notes = await session.scalars(select(VisitReport.note).where(VisitReport.visit_id == visit))
        assert list(notes) == [None]


async def test_customers_of_today_are_told_what_a_new_plan_means_for_them(
    some: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = moment(DAY, 7 * 60)
    monkeypatch.setattr(clock, "now", lambda: now)
    team = await some.team()
    given = {"dispatched_at": now, "arrival_from": moment(DAY, 480), "arrival_until": moment(DAY, 540)}
    [later] = await some.visits(**(planned(team, DAY, at=620, order=1) | given))
    [new] = await some.visits(**planned(team, DAY, at=490, order=0))
    await _react(some, new, lambda row: VisitPlanned(*_about(row), DAY.isoformat(), "MORNING", team))
    row = await some.visit(later)
    assert isinstance(row.arrival_from, datetime)
    assert row.arrival_from > moment(DAY, 480) + timedelta(minutes=30)
    assert await told(some, later) == ["visit.arrival_changed"]
    assert "visit.arrival_changed" not in await told(some, new), "its team was not given it yet"


def _about(row: Visit) -> tuple[UUID, int, str]:
    return row.order_id, row.position, row.kind


async def _react(some: Work, visit: UUID, happened: object) -> None:
    """The reaction to what is told of a visit."""
    async with some.database.session(SYSTEM) as session:
        row = await session.get(Visit, visit)
        assert row is not None
        await telling.tell(session, row, happened(row))  # type: ignore[operator]  # makes an event
    async with some.database.session(SYSTEM) as session:
        newest = select(Event).where(Event.subject_id == visit).order_by(Event.id.desc()).limit(1)
        event = (await session.scalars(newest)).one()
        assert event.type in reactions.TYPES
        await reactions.react(session, event)


async def _stage(some: Work, visit: UUID) -> str:
    async with some.database.session(SYSTEM) as session:
        query = select(Order.stage).join(Visit, Visit.order_id == Order.id).where(Visit.id == visit)
        return (await session.execute(query)).scalar_one()
