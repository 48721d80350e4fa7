"""One connection with a charger, as the answers and orders of both versions see it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import structlog

from api.ocpp import metrics
from api.ocpp.calls import CallFailed, Calls
from api.ocpp.frames import Payload
from domain.chargers.credentials import Device
from domain.chargers.models import MOST_CONNECTORS, Channel
from domain.devices import running
from domain.devices.interruptions import passes
from domain.devices.port import Port

T = TypeVar("T")

log = structlog.get_logger(__name__)

_MOST_TRANSACTIONS = 64
_MOST_PAYLOAD = 4096
_SOON_SECONDS = 10.0
_TELLING: set["asyncio.Task[None]"] = set()
PATIENCE_SECONDS = 25.0
"""A charger gives an answer up after 30, as a rule."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 4.0


@dataclass(slots=True)
class Tracked:
    """What this connection has heard or looked up, by which orders choose their words."""

    transactions: dict[str, int] = field(default_factory=dict)
    """Running transactions, each with its connector (0: unknown)."""
    states: dict[int, str] = field(default_factory=dict)
    """Status of a connector by its transaction (2.0.1)."""
    plugs: dict[int, frozenset[int]] = field(default_factory=dict)
    """Plugs of an EVSE that are occupied (2.0.1)."""
    stopped: set[int] = field(default_factory=set)
    """Connectors that an emergency stop has closed; 0: all."""
    rate_unit: str = ""
    """W or A: the unit of charging profiles that the charger allows; empty until it was asked."""

    def began(self, transaction_id: str, connector: int) -> None:
        """A transaction runs."""
        if connector or transaction_id not in self.transactions:
            self.transactions[transaction_id] = connector
        while len(self.transactions) > _MOST_TRANSACTIONS:
            del self.transactions[next(iter(self.transactions))]

    def others(self, evse: int, plug: int, *, occupied: bool) -> bool:
        """Whether another plug of the EVSE is occupied, now that this one is, or is not."""
        if not (0 < evse <= MOST_CONNECTORS and 0 < plug <= MOST_CONNECTORS):
            return False
        others = self.plugs.get(evse, frozenset()) - {plug}
        self.plugs[evse] = others | {plug} if occupied else others
        return bool(others)

    def ended(self, transaction_id: str) -> None:
        """It does not any more."""
        self.transactions.pop(transaction_id, None)

    def running(self, connector: int | None) -> list[str]:
        """Of a connector, or of the charger."""
        return [id for id, where in self.transactions.items() if not connector or where in (0, connector)]

    def is_stopped(self, connector: int) -> bool:
        """Whether nothing may begin there."""
        return 0 in self.stopped or connector in self.stopped


@dataclass(slots=True)
class Talk:
    """`port` is what the platform knows and wants of it, `calls` what it is told."""

    device: Device
    port: Port
    calls: Calls
    connected_at: datetime
    tracked: Tracked = field(default_factory=Tracked)
    _looked_up: bool = False

    async def connector_of(self, transaction_id: str) -> int:
        """Of a transaction, which may have begun before this connection did; 0 where nobody knows."""
        if not self.tracked.transactions.get(transaction_id):
            found = await persistently(lambda: running.connector_of(self.port.database, self.device, transaction_id))
            self.tracked.began(transaction_id, found)
        return self.tracked.transactions[transaction_id]

    async def look_up(self) -> None:
        """Learn once which transactions run that began before this connection did."""
        if self._looked_up:
            return
        self._looked_up = True
        try:
            found = await running.running(self.port.database, self.device)
        except Exception as error:
            if not passes(error):
                raise
            self._looked_up = False
            return
        for transaction_id, connector in found.items():
            self.tracked.transactions.setdefault(transaction_id, connector)

    def soon(self, action: str, payload: Payload) -> None:
        """Tell the charger without being asked to: what was on its way when an emergency stop came."""
        task = asyncio.create_task(self._tell(action, payload))
        _TELLING.add(task)
        task.add_done_callback(_TELLING.discard)

    async def _tell(self, action: str, payload: Payload) -> None:
        try:
            await self.calls.call(action, payload, _SOON_SECONDS)
        except CallFailed as error:
            log.warning("not_told", charger=self.device.identity, action=action, reason=error.reason)

    async def quarantine(self, action: str, reason: str, detail: str, payload: str) -> None:
        """Keep what was not followed, for the tenant to see."""
        metrics.QUARANTINED.labels(reason).inc()
        kept = payload[:_MOST_PAYLOAD].encode("utf-8", "replace")[:_MOST_PAYLOAD]
        await self.port.quarantine(self.device, self.device.identity, Channel.OCPP, action, reason, detail, kept)


async def persistently(attempt: Callable[[], Awaitable[T]]) -> T:
    """What a database that is away for a moment must not lose: the charger waits for its answer.

    Raises: TimeoutError where it stays away.
    """
    pause = _FIRST_PAUSE
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await attempt()
            except Exception as error:
                if not passes(error):
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
