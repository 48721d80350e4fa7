"""Whether chargers are connected. For the system.

`charger.connected` says it at once; the event log follows when it has held for some seconds (`tell`), so a charger
that reconnects in a loop, or two thousand that reconnect at once, are no storm of events.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Text, case, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers.credentials import Device
from domain.chargers.events import ChargerConnected, ChargerDisconnected, ChargerEvent, about
from domain.chargers.models import Charger, ChargerState, DeviceConnection, Protocol
from domain.chargers.signals import dismiss
from domain.events.record import record_all

HOLDS = timedelta(seconds=10)
"""How long a charger has to be connected or disconnected before it is an event."""
LOST = timedelta(seconds=90)
"""A connection whose process says nothing of it for so long has ended with the process."""
_MOST_TOLD = 500
_MAX_ADDRESS = 64
_CHANGED = Charger.connected_changed_at
_BEFORE = (literal_column("old.process", Text()), literal_column("old.ended_at", DateTime(timezone=True)))
"""Of the row that was there; PostgreSQL 18."""


async def connect(
    session: AsyncSession, device: Device, protocol: Protocol, address: str, process: str
) -> tuple[UUID, bool]:
    """Take note of a new connection, which ends the one before; its id, and whether it took over from another.

    Whoever holds the one before is told to close it.
    """
    now, connection_id = datetime.now(UTC), uuid4()
    values = {
        "connection_id": connection_id,
        "process": process,
        "protocol": protocol.value,
        "address": address[:_MAX_ADDRESS],
        "connected_at": now,
        "seen_at": now,
        "ended_at": None,
        "end_reason": None,
    }
    row = insert(DeviceConnection).values(charger_id=device.charger_id, entity_id=device.entity_id, **values)
    again = values | {"connections": DeviceConnection.connections + 1}
    written = row.on_conflict_do_update(index_elements=["charger_id"], set_=again).returning(*_BEFORE)
    before, ended_at = (await session.execute(written)).one()
    await _mark(session, [device.charger_id], True, now, last_seen_at=now, protocol=protocol.value)
    took_over = before is not None and ended_at is None
    if took_over and before != process:
        await dismiss(session, device.charger_id)
    return connection_id, took_over


async def disconnect(session: AsyncSession, charger_id: UUID, connection_id: UUID, reason: str = "CLOSED") -> bool:
    """The connection has ended; False where another has taken its place, and the charger is connected by that."""
    open_one = (
        DeviceConnection.charger_id == charger_id,
        DeviceConnection.connection_id == connection_id,
        DeviceConnection.ended_at.is_(None),
    )
    now = datetime.now(UTC)
    ended = update(DeviceConnection).where(*open_one).values(ended_at=now, end_reason=reason)
    found = (await session.execute(ended.returning(DeviceConnection.charger_id))).scalars().all()
    await _mark(session, found, False, now)
    return bool(found)


async def _mark(
    session: AsyncSession, charger_ids: Collection[UUID], connected: bool, now: datetime, **values: Any
) -> None:
    """Set what the charger's own row says; `connected_changed_at` moves only when it changes."""
    if not charger_ids:
        return
    differs = Charger.connected.is_distinct_from(connected)
    moments = {column.key: case((differs, now), else_=column) for column in (_CHANGED, Charger.updated_at)}
    changed = update(Charger).where(Charger.id.in_(list(charger_ids)))
    await session.execute(changed.values(connected=connected, **moments, **values))


async def hold(session: AsyncSession, process: str, charger_ids: Collection[UUID]) -> set[UUID]:
    """A process says that these chargers are still connected to it; those whose connection it has to close.

    Of a charger that is retired, or has connected elsewhere, the process no longer holds the connection.
    """
    if not charger_ids:
        return set()
    now, ids = datetime.now(UTC), list(charger_ids)
    ours = (
        DeviceConnection.charger_id.in_(ids),
        DeviceConnection.process == process,
        DeviceConnection.ended_at.is_(None),
        DeviceConnection.charger_id == Charger.id,
        Charger.state != ChargerState.RETIRED.value,
    )
    touched = update(DeviceConnection).where(*ours).values(seen_at=now).returning(DeviceConnection.charger_id)
    held = set((await session.execute(touched)).scalars())
    return set(ids) - held


async def heard(session: AsyncSession, charger_ids: Collection[UUID]) -> set[UUID]:
    """Note that chargers were heard of just now, in one statement for many; those whose connection is open.

    A charger behind a broker is heard by any process, which keeps its connection open.
    """
    if not charger_ids:
        return set()
    now, ids = datetime.now(UTC), list(charger_ids)
    chargers = update(Charger).where(Charger.id.in_(ids)).values(last_seen_at=now, updated_at=Charger.updated_at)
    await session.execute(chargers)
    mine, opened = DeviceConnection.charger_id.in_(ids), DeviceConnection.ended_at.is_(None)
    over_broker = DeviceConnection.protocol == Protocol.MQTT.value
    await session.execute(update(DeviceConnection).where(mine, opened, over_broker).values(seen_at=now))
    return set((await session.execute(select(DeviceConnection.charger_id).where(mine, opened))).scalars())


async def end_lost(session: AsyncSession) -> int:
    """End the connections whose process has died; how many."""
    now = datetime.now(UTC)
    lost = (
        select(DeviceConnection.charger_id)
        .where(DeviceConnection.ended_at.is_(None), DeviceConnection.seen_at < now - LOST)
        .with_for_update(skip_locked=True)
    )
    ended = (
        update(DeviceConnection).where(DeviceConnection.charger_id.in_(lost)).values(ended_at=now, end_reason="LOST")
    )
    found = (await session.execute(ended.returning(DeviceConnection.charger_id))).scalars().all()
    await _mark(session, found, False, now)
    return len(found)


async def tell(session: AsyncSession, *, held: timedelta = HOLDS) -> int:
    """Write to the log which chargers are connected or not, where that has held; how many. Two at once share them."""
    query = (
        select(Charger)
        .where(Charger.connected != Charger.told_connected)
        .where(Charger.connected_changed_at <= datetime.now(UTC) - held)
        .order_by(Charger.id)
        .limit(_MOST_TOLD)
        .with_for_update(skip_locked=True)
    )
    changed = list((await session.execute(query)).scalars())
    await record_all(session, [(_happened(charger), about(charger)) for charger in changed])
    await _told(session, [charger.id for charger in changed])
    return len(changed)


def _happened(charger: Charger) -> ChargerEvent:
    if charger.connected:
        return ChargerConnected(charger.identity, charger.protocol)
    return ChargerDisconnected(charger.identity, charger.last_seen_at.isoformat() if charger.last_seen_at else None)


async def _told(session: AsyncSession, ids: Iterable[UUID]) -> None:
    values = {"told_connected": Charger.connected, "updated_at": Charger.updated_at}
    await session.execute(update(Charger).where(Charger.id.in_(list(ids))).values(**values))
