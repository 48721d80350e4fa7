"""The one port for devices: what MQTT and OCPP call, the same for both.

Each call is one short transaction of the system. What it returns is committed. An error of the database passes (the
adapter then acknowledges nothing, and the device sends again); an impossible value never raises: it is refused by
itself, kept in quarantine with its reason, and the rest of the message counts.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.chargers import connections, credentials, statuses
from domain.chargers.credentials import Device
from domain.chargers.models import Channel, ChargerState, Protocol
from domain.chargers.quarantine import Refused
from domain.chargers.reports import Boot, BootAnswer, ConnectorReport
from domain.commands import delivery
from domain.commands.delivery import CommandAnswer
from domain.devices.ingest import Ingest
from domain.devices.refusing import Refusals
from domain.health import alerts
from domain.health.alerts import AlertReport
from domain.sessions import authorizing, transactions
from domain.sessions.reports import Authorization, TransactionAnswer, TransactionReport
from domain.telemetry.readings import Reading, check
from tenants.actor import SYSTEM
from tenants.engine import Database

INTERVAL_SECONDS = 60
"""How often a charger is to be heard of."""
NOTED_SECONDS = 15.0
"""How often it is written down that chargers were heard of."""
OTHER_CHARGER = "OTHER_CHARGER"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RefusedReading:
    """`place` in the sequence that was given."""

    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What this process knows of a charger's open connection; `id` None where another process opened it."""

    id: UUID | None
    since: float


class Port:
    """Of one process; `process` is a name that no other process ever has."""

    def __init__(self, database: Database, ingest: Ingest, process: str) -> None:
        self.database = database
        self.process = process
        self._ingest = ingest
        self._refusals = Refusals(database)
        self._heard: set[UUID] = set()
        self._noted = time.monotonic()
        self._open: dict[UUID, Opened] = {}

    async def close(self) -> None:
        """Write down what is left to be written."""
        await self._refusals.close()

    # --- who it is ------------------------------------------------------------------------------------------------

    async def authenticate(self, identity: str, secret: bytes) -> Device | None:
        """The charger that proves to be `identity`; None for all else, which is nobody's to learn why."""
        async with self.database.session(SYSTEM) as session:
            return await credentials.verify(session, identity, secret)

    async def connected(self, device: Device, protocol: Protocol, address: str) -> UUID:
        """A connection of an authenticated device is open; the one it had before has ended, wherever that was."""
        async with self.database.session(SYSTEM) as session:
            id, _ = await connections.connect(session, device, protocol, address, self.process)
        self._open[device.charger_id] = Opened(id, time.monotonic())
        return id

    async def disconnected(self, device: Device, connection_id: UUID) -> None:
        """The connection has ended; nothing happens where the device has another by now."""
        async with self.database.session(SYSTEM) as session:
            await connections.disconnect(session, device.charger_id, connection_id)
        known = self._open.get(device.charger_id)
        if known is not None and known.id in (None, connection_id):
            del self._open[device.charger_id]

    async def seen(self, device: Device) -> bool:
        """It was heard of; cheap, and never raises what the database raises.

        False where it has no open connection any more: connect it again, or close it.
        """
        self._heard.add(device.charger_id)
        if time.monotonic() - self._noted >= NOTED_SECONDS:
            await self._note()
        return device.charger_id in self._open

    async def _note(self) -> None:
        """Write down who was heard of; tried again with the next ones where the database is away."""
        heard, self._heard, self._noted = self._heard, set(), time.monotonic()
        began = self._noted
        try:
            async with self.database.session(SYSTEM) as session:
                opened = await connections.heard(session, heard)
        except (SQLAlchemyError, OSError) as error:
            self._heard |= heard
            _log.warning("heard_not_noted", chargers=len(heard), error=type(error).__name__)
            return
        for charger_id in heard:
            known = self._open.get(charger_id)
            if charger_id in opened:
                self._open.setdefault(charger_id, Opened(None, began))
            elif known is not None and known.since < began:
                del self._open[charger_id]

    # --- what it says ---------------------------------------------------------------------------------------------

    async def boot(self, device: Device, said: Boot) -> BootAnswer:
        """It has started. What it says of itself and is not what was registered is kept for the tenant to look at."""
        async with self.database.session(SYSTEM) as session:
            charger, differs = await statuses.boot(session, device.charger_id, said)
        if differs:
            channel = Channel.MQTT if charger.protocol == Protocol.MQTT else Channel.OCPP
            detail = ", ".join(f"{name}: {getattr(said, name)}" for name in differs)
            await self._refuse(device, device.identity, channel, "boot", "OTHER_HARDWARE", detail)
        return BootAnswer(charger.state != ChargerState.RETIRED, INTERVAL_SECONDS)

    async def status(self, device: Device, report: ConnectorReport) -> str | None:
        """How a connector is; why it is refused, if it is."""
        if reason := statuses.refusal(report):
            return reason
        async with self.database.session(SYSTEM) as session:
            await statuses.report(session, device.charger_id, report)
        return None

    async def readings(self, device: Device, readings: Sequence[Reading]) -> list[RefusedReading]:
        """Returns when all that is possible is committed, and waits where the database is behind; what was refused."""
        own, now = device.charger_id, datetime.now(UTC)
        reasons = [check(reading, now) if reading[0] == own else OTHER_CHARGER for reading in readings]
        refused = [RefusedReading(place, str(reason)) for place, reason in enumerate(reasons) if reason]
        good = (
            [reading for reading, reason in zip(readings, reasons, strict=True) if not reason] if refused else readings
        )
        if good:
            await self._ingest.put(good)
        return refused

    async def authorize(self, device: Device, id_token: str) -> Authorization:
        async with self.database.session(SYSTEM) as session:
            return await authorizing.authorize(session, device, id_token)

    async def transaction(self, device: Device, report: TransactionReport) -> TransactionAnswer:
        """A transaction began, goes on or ended; the same report again has no effect and the same answer."""
        async with self.database.session(SYSTEM) as session:
            return await transactions.report(session, device, report)

    async def alert(self, device: Device, report: AlertReport) -> UUID:
        """It warns of something; the id of the open alert."""
        async with self.database.session(SYSTEM) as session:
            return await alerts.raise_(session, device, report)

    async def answered(self, device: Device, command_id: UUID, said: CommandAnswer) -> bool:
        """What it says of a command; False for one that is not its own, or was answered before."""
        async with self.database.session(SYSTEM) as session:
            return await delivery.answer(session, device.charger_id, command_id, said)

    # --- what is not taken ----------------------------------------------------------------------------------------

    async def quarantine(
        self,
        device: Device | None,
        identity: str,
        channel: Channel,
        action: str,
        reason: str,
        detail: str,
        payload: bytes,
    ) -> None:
        """Keep what was refused, for the tenant to look at; never raises, and a flood is counted, not kept."""
        await self._refuse(device, identity, channel, action, reason, detail, payload)

    async def _refuse(
        self,
        device: Device | None,
        identity: str,
        channel: Channel,
        action: str,
        reason: str,
        detail: str,
        payload: bytes = b"",
    ) -> None:
        charger_id, entity_id = (device.charger_id, device.entity_id) if device else (None, None)
        refused = Refused(
            identity[:200],
            channel,
            action[:64],
            reason,
            detail,
            payload[:8192],
            charger_id=charger_id,
            entity_id=entity_id,
        )
        await self._refusals.add(refused)
