"""What events make due, and the month that is over: asked for as jobs, whose work is the domain's."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from domain.events.models import Event
from domain.invoices import reactions
from domain.invoices.models import BillingPart
from domain.jobs.models import Job
from domain.ledger.posting import today
from domain.orders import service as orders
from domain.orders.models import OrderStage
from domain.visits.models import Visit
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.invoicing import completed, invoices_of, parts_of, profile
from tests.quoting import Market, market
from workers import declared
from workers.invoices import ask_for_collective_invoices
from workers.jobs import JOBS


async def _react(m: Market, *types: str) -> list[Job]:
    """React to all events of these types; the jobs that there are then."""
    async with m.database.session(SYSTEM) as session:
        query = select(Event).where(Event.entity_id == m.entity.id, Event.type.in_(types)).order_by(Event.id)
        for event in (await session.execute(query)).scalars().all():
            await reactions.react(session, event)
        jobs = select(Job).where(Job.entity_id == m.entity.id, Job.name.in_(reactions.WORK))
        return list((await session.execute(jobs.order_by(Job.created_at, Job.id))).scalars())


async def _do(m: Market, jobs: list[Job]) -> None:
    for job in jobs:
        async with m.database.session(SYSTEM) as session:
            await reactions.WORK[job.name](session, job.arguments)


def test_every_job_that_is_asked_for_is_declared_on_its_queue() -> None:
    assert declared.__doc__
    assert {name: JOBS[name].queue for name in reactions.WORK} == dict.fromkeys(reactions.WORK, "billing")
    assert not any(JOBS[name].outside for name in reactions.WORK)


async def test_an_order_that_is_completed_twice_is_looked_at_twice_and_billed_once(database: Database) -> None:
    m = await market(database)
    order_id = await completed(m, m.line("cable"), partner=False)
    async with database.session(SYSTEM) as session:
        await orders.move(session, order_id, OrderStage.IN_PROGRESS)
    first = await _react(m, "order.stage_changed")
    await _do(m, first)
    assert await invoices_of(m) == []
    async with database.session(SYSTEM) as session:
        await orders.move(session, order_id, OrderStage.COMPLETED)
    second = await _react(m, "order.stage_changed")
    assert (len(first), len(second)) == (1, 2)
    await _do(m, second)
    assert len(await invoices_of(m)) == 1


async def test_deposits_follow_the_order_and_visits_bring_progress(database: Database) -> None:
    m = await market(database)
    await profile(m, m.customer.id, deposit_percent=Decimal(30), progress_percents=[Decimal(60)])
    order_id = await m.ordered(m.line("survey"), m.line("installation"), partner=False)
    await _do(m, await _react(m, "order.received"))
    async with database.session(SYSTEM) as session:
        visits = select(Visit.id).where(Visit.order_id == order_id).order_by(Visit.position).limit(1)
        (visit_id,) = (await session.execute(visits)).scalars()
        done = {"status": "DONE", "outcome": "COMPLETED"}
        await session.execute(update(Visit).where(Visit.id == visit_id).values(**done))
        for outcome in ("PARTIAL", "COMPLETED"):
            await reactions.react(session, _visit_completed(m, order_id, visit_id, outcome))
    await _do(m, await _react(m, "order.received"))
    assert await parts_of(m, order_id) == [("DEPOSIT", "INVOICED"), ("PROGRESS", "INVOICED")]
    async with database.session(SYSTEM) as session:
        await orders.cancel(session, order_id, "No")
    await _do(m, await _react(m, "order.cancelled"))
    assert await parts_of(m, order_id) == [("DEPOSIT", "RELEASED"), ("PROGRESS", "INVOICED")]


def _visit_completed(m: Market, order_id: UUID, visit_id: UUID, outcome: str) -> Event:
    payload: dict[str, Any] = {"order_id": str(order_id), "outcome": outcome}
    values = {"type": "visit.completed", "subject_type": "Visit", "subject_id": visit_id, "payload": payload}
    return Event(id=visit_id, entity_id=m.entity.id, **values)


async def test_a_month_that_is_over_is_collected_once(database: Database) -> None:
    m = await market(database, agreement={})
    await profile(m, m.dealer.id, collective=True)
    last_month = today().replace(day=1) - timedelta(days=1)
    for _ in range(2):
        order_id = await completed(m)
        await _completed_on(m, order_id, last_month)
    this_month = await completed(m)
    await _do(m, await _react(m, "order.stage_changed"))
    assert (await parts_of(m, this_month)).count(("FINAL", "WAITING")) == 1
    assert await ask_for_collective_invoices(database) >= 1
    asked = [job for job in await _react(m) if job.name == reactions.COLLECT]
    assert [job.arguments["month"] for job in asked] == [last_month.replace(day=1).isoformat()]
    await _do(m, asked * 2)
    (collective,) = [invoice for invoice in await invoices_of(m) if invoice.part == "COLLECTIVE"]
    assert (collective.payer_contact_id, collective.net_cents) == (m.dealer.id, 2 * 899_95)
    assert collective.supplied_on == last_month
    async with database.session(SYSTEM) as session:
        query = select(BillingPart.state).where(BillingPart.payer_contact_id == m.dealer.id)
        states = sorted((await session.execute(query)).scalars())
    assert states == ["INVOICED", "INVOICED", "WAITING"]


async def _completed_on(m: Market, order_id: UUID, day: date) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    async with m.database.session(SYSTEM) as session:
        await session.execute(text('UPDATE "order" SET completed_at = :at WHERE id = :id'), {"at": at, "id": order_id})
