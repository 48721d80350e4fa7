"""Who is connected to a broker that is not ours: known from what chargers say, and from their last wills."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from domain.chargers.credentials import Device
from domain.chargers.models import Charger, ChargerState, DeviceConnection, Protocol
from domain.devices.port import INTERVAL_SECONDS, Port
from tenants.actor import SYSTEM
from tenants.engine import Database
from workers.mqtt import figures
from workers.mqtt.status import Presence

_KNOWN_SECONDS = 60.0
_MOST_KNOWN = 100_000
_REFRESH_SECONDS = 5.0
SILENT = timedelta(seconds=3 * INTERVAL_SECONDS)
"""A charger that says nothing for so long, without a last will, is not known to be there any more."""


class Presences:
    """Any process may have heard a charger come or go: which are connected is what the database says."""

    def __init__(self, database: Database, port: Port, ready: Callable[[], None]) -> None:
        self.connected: set[UUID] = set()
        self._database = database
        self._port = port
        self._ready = ready
        self._coming: set[UUID] = set()
        self._known: OrderedDict[str, tuple[float, Device | None]] = OrderedDict()

    async def run(self) -> None:
        """Look every few seconds; until cancelled. Raises what PostgreSQL raises."""
        while True:
            await self.refresh()
            await asyncio.sleep(_REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Who is connected by now, and not silent: nobody keeps the connection of who is, so that it ends."""
        query = (
            select(DeviceConnection.charger_id)
            .join(Charger, Charger.id == DeviceConnection.charger_id)
            .where(DeviceConnection.protocol == Protocol.MQTT.value, DeviceConnection.ended_at.is_(None))
            .where(Charger.last_seen_at > datetime.now(UTC) - SILENT)
        )
        async with self._database.session(SYSTEM) as session:
            self.connected = set((await session.execute(query)).scalars())
        figures.CONNECTED.set(len(self.connected))

    async def device(self, identity: str) -> Device | None:
        """The charger of that name, unless it was taken down; looked up at most once a minute."""
        now = time.monotonic()
        found = self._known.get(identity)
        if found is None or found[0] < now:
            found = (now + _KNOWN_SECONDS, await self._looked_up(identity))
            self._known[identity] = found
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return found[1]

    async def heard(self, device: Device, presence: Presence | None) -> None:
        if presence is Presence.OFFLINE:
            await self._gone(device)
        elif presence is Presence.ONLINE or not await self._port.seen(device):
            await self._came(device)

    async def dismiss(self, charger_id: UUID) -> None:
        """The broker ends its connection when its password is gone; here it is not connected any more."""
        self.connected.discard(charger_id)
        self._known.clear()

    async def _came(self, device: Device) -> None:
        """Once, also where many of its messages are the first at the same time."""
        if device.charger_id in self._coming:
            return
        self._coming.add(device.charger_id)
        try:
            await self._port.connected(device, Protocol.MQTT, "")
        finally:
            self._coming.discard(device.charger_id)
        self.connected.add(device.charger_id)
        self._ready()

    async def _gone(self, device: Device) -> None:
        query = select(DeviceConnection.connection_id).where(
            DeviceConnection.charger_id == device.charger_id, DeviceConnection.ended_at.is_(None)
        )
        async with self._database.session(SYSTEM) as session:
            open_one = (await session.execute(query)).scalar_one_or_none()
        if open_one is not None:
            await self._port.disconnected(device, open_one)
        self.connected.discard(device.charger_id)

    async def _looked_up(self, identity: str) -> Device | None:
        query = select(Charger.id, Charger.entity_id).where(
            Charger.identity == identity, Charger.state != ChargerState.RETIRED.value
        )
        async with self._database.session(SYSTEM) as session:
            row = (await session.execute(query)).one_or_none()
        return None if row is None else Device(row[0], row[1], identity)
