"""Telling of sessions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import About, record_all
from domain.rows import actor_of
from domain.sessions import events
from domain.sessions.events import SessionEvent
from domain.sessions.models import ChargingSession


def about(row: ChargingSession) -> About:
    """Whom the events of a session are for."""
    return About(
        row.entity_id,
        row.id,
        organization_ids=row.channel_organization_ids,
        channel=row.channel_organization_ids,
        contact_ids=[row.owner_contact_id, row.driver_contact_id],
    )


@contextmanager
def unnamed(session: AsyncSession) -> Iterator[None]:
    """What happens in the block, for a session of the system, says in which role it was done and not by whom.

    Owner, driver and channel read the events of a session and its commands, and are not told of each other's names.
    """
    actor = actor_of(session)
    session.info["actor"] = replace(actor, name="")
    try:
        yield
    finally:
        session.info["actor"] = actor


async def tell(session: AsyncSession, row: ChargingSession, *happened: SessionEvent) -> None:
    await record_all(session, [(event, about(row)) for event in happened])


def started(row: ChargingSession) -> SessionEvent:
    return events.SessionStarted(row.number, row.charger_id, row.connector, row.started_at.isoformat(), [*row.marks])


def completed(row: ChargingSession) -> SessionEvent:
    return events.SessionCompleted(row.number, row.charger_id, row.connector, _ended(row), row.energy_wh, [*row.marks])


def closed_by_rule(row: ChargingSession) -> SessionEvent:
    return events.SessionClosedByRule(
        row.number, row.charger_id, row.connector, _ended(row), row.energy_wh, row.stop_reason, [*row.marks]
    )


def energy_changed(row: ChargingSession, before_wh: int, ended_before: datetime) -> SessionEvent:
    return events.SessionEnergyChanged(
        row.number,
        row.charger_id,
        row.connector,
        before_wh,
        row.energy_wh,
        ended_before.isoformat(),
        _ended(row),
        [*row.marks],
    )


def paused(row: ChargingSession) -> SessionEvent:
    return events.SessionPaused(row.number, row.charger_id, row.connector)


def resumed(row: ChargingSession) -> SessionEvent:
    return events.SessionResumed(row.number, row.charger_id, row.connector)


def _ended(row: ChargingSession) -> str:
    return row.ended_at.isoformat() if row.ended_at else ""
