"""Maintenance from alerts: planned, given a visit, done, cancelled, taken back; and who is told of what."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers import errors as charger_errors
from domain.chargers.models import Charger, ChargerState
from domain.errors import DomainError, DomainErrors, NotFound, OutOfRange
from domain.events.models import Event
from domain.health import alerts, errors, handling, maintenance, reactions, visiting
from domain.health.alerts import AlertReport
from domain.health.maintenance import Wanted
from domain.health.models import (
    AlertState,
    ChargerAlert,
    ChargerTroubleHour,
    Code,
    MaintenanceTask,
    Severity,
    TaskState,
)
from domain.notifications.models import Notification
from domain.numbering.service import AMSTERDAM
from domain.orders import service as orders
from domain.visits.models import Visit
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.permissions import Role
from tests import factories
from tests.domain.health.chargers import charger, device
from tests.quoting import Market, market

TODAY = datetime.now(AMSTERDAM).date()
DUE = TODAY + timedelta(days=14)
W, C = Severity.WARNING, Severity.CRITICAL


@dataclass
class Place:
    """A charger at a customer's that was sold by an order, and its two open alerts."""

    sold: Market
    charger_id: UUID
    order_id: UUID
    alerts: tuple[UUID, UUID]
    planner: Actor

    @property
    def database(self) -> Database:
        return self.sold.database


@pytest.fixture
async def at(database: Database) -> Place:
    sold = await market(database, agreement={})
    order_id = await sold.ordered()
    async with database.session(SYSTEM) as session:
        await factories.brand(session, sold.entity)
        row = await charger(session, sold.entity, owner_contact_id=sold.customer.id, order_id=order_id, name="Oprit")
        ids = [
            await alerts.raise_(session, device(row), AlertReport(code, W, datetime.now(UTC)))
            for code in ("FAN", "RELAY")
        ]
        planner = await factories.actor_with(session, Role.OPERATIONS, sold.entity)
    return Place(sold, row.id, order_id, (ids[0], ids[1]), planner)


def wanted(at: Place, *alert_ids: UUID, **values: object) -> Wanted:
    given = {"charger_id": at.charger_id, "title": "Replace the fan", "due_on": DUE, "alert_ids": alert_ids}
    return Wanted(**(given | values))  # type: ignore[arg-type]  # what a test gives


async def _states(at: Place) -> list[tuple[str, UUID | None]]:
    async with at.database.session(SYSTEM) as session:
        query = select(ChargerAlert).where(ChargerAlert.charger_id == at.charger_id).order_by(ChargerAlert.code)
        return [(row.state, row.maintenance_task_id) for row in await session.scalars(query)]


async def _told(at: Place, id: UUID) -> list[str]:
    async with at.database.session(SYSTEM) as session:
        query = select(Event.type).where(Event.subject_id == id).order_by(Event.created_at, Event.id)
        return list(await session.scalars(query))


async def _visit(at: Place) -> UUID:
    async with at.database.session(SYSTEM) as session:
        return (await session.scalars(select(Visit.id).where(Visit.order_id == at.order_id).limit(1))).one()


async def test_planning_sees_to_the_alerts_cancelling_puts_them_back(at: Place) -> None:
    async with at.database.session(at.planner) as session:
        task = await maintenance.plan(session, wanted(at, *at.alerts, assigned_to=at.planner.user_id))
    assert await _states(at) == [(AlertState.ACKNOWLEDGED, task.id)] * 2
    async with at.database.session(at.planner) as session:
        await maintenance.cancel(session, task.id, "Sold")
    assert await _states(at) == [(AlertState.OPEN, None)] * 2
    async with at.database.session(at.planner) as session:
        again = await maintenance.reopen(session, task.id)
        assert (again.state, again.ended_at, again.outcome) == (TaskState.OPEN, None, "")
    assert await _told(at, task.id) == ["maintenance.planned", "maintenance.cancelled", "maintenance.reopened"]


async def test_what_was_done_closes_its_alerts(at: Place) -> None:
    async with at.database.session(at.planner) as session:
        task = await maintenance.plan(session, wanted(at, at.alerts[0]))
        await maintenance.complete(session, task.id, "New fan")
    assert await _states(at) == [(AlertState.CLOSED, task.id), (AlertState.OPEN, None)]
    async with at.database.session(at.planner) as session:
        for end in (maintenance.complete, maintenance.cancel):
            with pytest.raises(errors.MaintenanceEnded):
                await end(session, task.id, "")


async def test_a_visit_that_is_off_leaves_the_maintenance_waiting(at: Place) -> None:
    visit = await _visit(at)
    async with at.database.session(at.planner) as session:
        task = await maintenance.plan(session, wanted(at))
        await visiting.schedule(session, task.id, visit)
        await visiting.schedule(session, task.id, visit)
    async with at.database.session(at.sold.actors["staff"]) as session:
        await orders.cancel(session, at.order_id, "Moved house")
    async with at.database.session(SYSTEM) as session:
        (off,) = await session.scalars(select(Event).where(Event.subject_id == visit, Event.type == visiting.OFF))
        await reactions.react(session, off)
        await reactions.react(session, off)
        kept = await session.get_one(MaintenanceTask, task.id)
        assert (kept.state, kept.visit_id) == (TaskState.OPEN, None)
    assert await _told(at, task.id) == ["maintenance.planned", "maintenance.scheduled", "maintenance.unscheduled"]
    async with at.database.session(at.planner) as session:
        with pytest.raises(errors.VisitOver):
            await visiting.schedule(session, task.id, visit)


@pytest.mark.parametrize(("outcome", "state"), [("COMPLETED", TaskState.DONE), ("PARTIAL", TaskState.OPEN)])
async def test_a_visit_that_was_made_ends_the_maintenance_if_all_was_done(
    at: Place, outcome: str, state: TaskState
) -> None:
    visit = await _visit(at)
    async with at.database.session(at.planner) as session:
        task = await maintenance.plan(session, wanted(at, at.alerts[0]))
        await visiting.schedule(session, task.id, visit)
    over = Event(type=visiting.DONE, subject_id=visit, payload={"outcome": outcome}, created_at=datetime.now(UTC))
    async with at.database.session(SYSTEM) as session:
        await reactions.react(session, over)
        assert (await session.get_one(MaintenanceTask, task.id)).state == state


async def test_a_visit_of_somebody_else_is_refused(at: Place, database: Database) -> None:
    async with database.session(SYSTEM) as session:
        other = await charger(session, at.sold.entity)
    visit = await _visit(at)
    async with at.database.session(at.planner) as session:
        task = await maintenance.plan(session, wanted(at, charger_id=other.id))
        with pytest.raises(errors.VisitElsewhere):
            await visiting.schedule(session, task.id, visit)
        with pytest.raises(errors.MaintenanceNotScheduled):
            await maintenance.unschedule(session, task.id)


async def test_what_cannot_be_planned(at: Place, database: Database) -> None:
    async with database.session(SYSTEM) as session:
        retired = await charger(session, at.sold.entity, state=ChargerState.RETIRED.value)
        other = await charger(session, at.sold.entity)
        partner = at.sold.actors["dealer"].user_id
        strange = await alerts.raise_(session, device(other), AlertReport("X", W, datetime.now(UTC)))
    yesterday = TODAY - timedelta(days=1)
    cases: list[tuple[Wanted, type[DomainError] | type[DomainErrors]]] = [
        (wanted(at, charger_id=retired.id), charger_errors.ChargerRetired),
        (wanted(at, strange), errors.AlertOfAnotherCharger),
        (wanted(at, assigned_to=partner), errors.NotOfTheStaff),
        (wanted(at, assigned_to=uuid4()), NotFound),
        (wanted(at, due_on=yesterday), OutOfRange),
        (wanted(at, title=" ", due_on=yesterday), DomainErrors),
        (wanted(at, *(uuid4() for _ in range(51))), DomainError),
    ]
    for case, error in cases:
        async with at.database.session(at.planner) as session:
            with pytest.raises(error):
                await maintenance.plan(session, case)
            await session.rollback()
    async with at.database.session(at.planner) as session:
        await maintenance.plan(session, wanted(at, at.alerts[0]))
        with pytest.raises(errors.AlertHasMaintenance):
            await maintenance.plan(session, wanted(at, at.alerts[0]))


async def test_acknowledging_and_closing_are_taken_back(at: Place) -> None:
    first, second = at.alerts
    async with at.database.session(at.planner) as session:
        await handling.acknowledge(session, first)
        await handling.acknowledge(session, first)
        await handling.close(session, second, "Looked at it")
        with pytest.raises(errors.AlertClosedAlready):
            await handling.acknowledge(session, second)
        for id in at.alerts:
            await handling.reopen(session, id)
        with pytest.raises(errors.AlertNotDealtWith):
            await handling.reopen(session, first)
        await handling.close(session, second, "")
    async with at.database.session(SYSTEM) as session:
        row = await session.get_one(ChargerAlert, second)
        assert row.closed_by == at.planner.user_id
        anew = AlertReport(row.code, W, datetime.now(UTC))
        await alerts.raise_(session, device(await _charger(session, at)), anew)
    async with at.database.session(at.planner) as session:
        with pytest.raises(errors.AlertOpenedAnew):
            await handling.reopen(session, second)
    assert await _told(at, first) == [
        "charger_alert.opened",
        "charger_alert.acknowledged",
        "charger_alert.reopened",
    ]


async def _charger(session: AsyncSession, at: Place) -> Charger:
    return await session.get_one(Charger, at.charger_id)


async def _react(at: Place) -> list[tuple[str, str]]:
    """Kind and title of each notification, after what happened was reacted to twice."""
    async with at.database.session(SYSTEM) as session:
        own = Event.entity_id == at.sold.entity.id, Event.type.in_(reactions.EVENTS)
        events = list(await session.scalars(select(Event).where(*own).order_by(Event.created_at)))
        for event in [*events, *events]:
            if event.type.startswith(("charger_alert", "maintenance")):
                await reactions.react(session, event)
    async with at.database.session(SYSTEM) as session:
        query = select(Notification).where(
            Notification.entity_id == at.sold.entity.id, Notification.category == "CHARGERS"
        )
        return sorted((row.kind, row.title) for row in await session.scalars(query))


async def test_owner_and_office_are_told_of_what_concerns_them(at: Place) -> None:
    async with at.database.session(SYSTEM) as session:
        row = device(await _charger(session, at))
        for code, severity in (("BURNT", C), ("OFFLINE", W), ("OFFLINE", W), ("NOTE", Severity.INFO)):
            await alerts.raise_(session, row, AlertReport(code, severity, datetime.now(UTC)))
    async with at.database.session(at.planner) as session:
        await maintenance.plan(session, wanted(at))
    told = await _react(at)
    assert len({title for kind, title in told if kind == "charger.alert.staff"}) == 4  # BURNT, OFFLINE, FAN, RELAY
    assert [pair for pair in told if pair[0] != "charger.alert.staff"] == [
        ("charger.alert", "Oprit is niet bereikbaar"),
        ("charger.alert", "Oprit meldt BURNT"),
        ("charger.maintenance", "Onderhoud aan Oprit"),
    ]


async def test_many_that_are_offline_are_told_to_the_office_once(at: Place) -> None:
    async with at.database.session(SYSTEM) as session:
        rows = [device(await charger(session, at.sold.entity)) for _ in range(5)]
        for row in rows:
            await alerts.raise_(session, row, AlertReport(Code.OFFLINE, W, datetime.now(UTC)))
    told = [title for kind, title in await _react(at) if kind == "charger.alert.staff" and "bereikbaar" in title]
    async with at.database.session(SYSTEM) as session:
        offices = select(func.count(func.distinct(Notification.user_id))).where(
            Notification.entity_id == at.sold.entity.id, Notification.kind == "charger.alert.staff"
        )
        assert len(told) == (await session.execute(offices)).scalar_one()


async def test_a_fault_is_counted_and_opens_an_alert_a_restart_is_counted(at: Place) -> None:
    def event(type: str, **payload: object) -> Event:
        return Event(type=type, subject_id=at.charger_id, payload=payload, created_at=datetime.now(UTC))

    changed = {"connector": 2, "status": "FAULTED", "error_code": "GroundFailure", "before": "CHARGING"}
    async with at.database.session(SYSTEM) as session:
        await reactions.react(session, event("charger.status_changed", **changed))
        await reactions.react(session, event("charger.status_changed", **(changed | {"before": "FAULTED"})))
        await reactions.react(session, event("charger.status_changed", **(changed | {"status": "AVAILABLE"})))
        await reactions.react(session, event("charger.booted", reason="Watchdog"))
        query = select(ChargerAlert).where(
            ChargerAlert.charger_id == at.charger_id, ChargerAlert.code == Code.CONNECTOR_FAULTED.value
        )
        alert = (await session.scalars(query)).one()
        assert (alert.connector, alert.text, alert.occurrences) == (2, "GroundFailure", 1)
        hours = select(func.sum(ChargerTroubleHour.faults), func.sum(ChargerTroubleHour.restarts)).where(
            ChargerTroubleHour.charger_id == at.charger_id
        )
        assert (await session.execute(hours)).one() == (3, 1)  # the two alerts of its own among them
