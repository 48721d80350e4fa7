"""Drivers are told of their sessions, of news only."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.notifications.models import Notification
from domain.sessions import reactions, transactions
from domain.sessions.models import ReportKind
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.charging import Yard, charging_yard, told

STARTED, ENDED = ReportKind.STARTED, ReportKind.ENDED


async def _react_to_all(session: AsyncSession, yard: Yard) -> list[Notification]:
    (row,) = await yard.rows(session)
    query = select(Event).where(Event.subject_id == row.id).order_by(Event.id)
    for event in (await session.execute(query)).scalars().all():
        await reactions.react(session, event)
    found = select(Notification).where(Notification.subject_id == row.id).order_by(Notification.id)
    return list((await session.execute(found)).scalars())


async def test_a_driver_is_told_of_each_step(database: Database) -> None:
    now = datetime.now(UTC)
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        await factories.brand(session, entity)
        yard = await charging_yard(session, entity)
        begun = told(STARTED, now, meter_wh=0, id_token=yard.token.token)
        id = (await transactions.report(session, yard.device, begun)).transaction_id
        await yard.read(session, yard.reading(0, 100, read_at=now, soc_percent=10))
        await yard.read(session, yard.reading(0, 1_100, read_at=datetime.now(UTC), soc_percent=51))
        await transactions.report(
            session, yard.device, told(ENDED, datetime.now(UTC), transaction_id=id, meter_wh=1_200)
        )
        found = await _react_to_all(session, yard)
    assert [each.kind for each in found] == ["session.started", "session.progressed", "session.completed"]
    assert all(each.contact_id == yard.driver.id for each in found)
    assert "50 %" in found[1].text
    assert "1,2 kWh" in found[2].text


async def test_nobody_is_told_of_history(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        await factories.brand(session, entity)
        yard = await charging_yard(session, entity)
        await yard.report(session, STARTED, 0, meter_wh=0, id_token=yard.token.token, offline=True)
        await yard.report(session, ENDED, 30, transaction_id="1", meter_wh=1_000)
        assert await _react_to_all(session, yard) == []
