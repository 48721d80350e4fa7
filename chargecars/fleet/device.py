"""A simulated charger at work: it ticks whatever happens, and talks while it has a connection."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from chargecars.fleet.clock import FleetClock
from chargecars.fleet.faults import Faults
from chargecars.fleet.flash import Flash
from chargecars.fleet.hardware import Hardware
from chargecars.fleet.messages import Message, Sample

_LAST_WORDS_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 5.0


class LinkLost(Exception):
    """There is no connection, or there is none any more."""


class Away(LinkLost):
    """Without a network for some of our seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Link(Protocol):
    """A connection in some protocol."""

    most: int
    """Samples in one message."""

    async def deliver(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Return when the platform has acknowledged them: those that it refused. Raises: LinkLost."""


Connect: TypeAlias = "Callable[[Device], AbstractAsyncContextManager[Link]]"


class Device:
    """`acknowledged` holds every sample that the platform has said it keeps, by sequence."""

    def __init__(
        self, hardware: Hardware, secret: str, connect: Connect, clock: FleetClock, faults: Faults, interval: float
    ) -> None:
        self.hardware = hardware
        self.secret = secret
        self.flash = Flash()
        self.counts: Counter[str] = Counter()
        self.acknowledged: dict[int, Sample] = {}
        self.platform_ids: dict[str, int] = {}
        """OCPP 1.6: transaction ids that the platform gave, by our own."""
        self._connect = connect
        self._clock = clock
        self._faults = faults
        self._interval = interval
        self._looked = clock.now()

    @property
    def identity(self) -> str:
        return self.hardware.identity

    def now(self) -> datetime:
        """As its own clock shows it."""
        return self._clock.now() + self.hardware.clock_offset

    def set_clock(self) -> None:
        """The platform told the time: from now on its clock is right."""
        self.hardware.clock_offset = timedelta(0)

    async def run(self) -> None:
        """Until the fleet's time is over and what was kept is told, or cannot be told for a minute."""
        talking = asyncio.create_task(self._talk())
        try:
            await self._tick()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self.flash.empty.wait()
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)

    def command(self, kind: str, parameters: dict[str, Any], command_id: str) -> bool:
        """Obey; whether it could."""
        self.counts[f"command_{kind.lower()}"] += 1
        hardware = self.hardware
        if kind == "START":
            told = hardware.start(str(parameters.get("idToken", "REMOTE")), command_id)
            self.flash.keep(told)
            return bool(told)
        if kind in {"STOP", "EMERGENCY_STOP"}:
            was = hardware.charging is not None
            self.flash.keep(hardware.stop(kind))
            return was or kind == "EMERGENCY_STOP"
        if kind == "SET_POWER":
            hardware.limit(int(parameters.get("powerW", hardware.max_power_w)))
        if kind == "RESET":
            self.flash.keep(hardware.reboot())
        return True

    async def _tick(self) -> None:
        while not self._clock.over:
            self.flash.keep(self.hardware.tick(self._clock.now()))
            await asyncio.sleep(self._clock.ours(self._interval))
        self.flash.keep(self.hardware.stop("LOCAL"))

    async def _talk(self) -> None:
        wait = _FIRST_WAIT_SECONDS
        while True:
            try:
                async with self._connected() as link:
                    wait = _FIRST_WAIT_SECONDS
                    await self._converse(link)
            except Away as away:
                await asyncio.sleep(away.seconds)
            except LinkLost:
                self.counts["lost"] += 1
            await asyncio.sleep(wait)
            wait = min(_LONGEST_WAIT_SECONDS, wait * 2)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Link]:
        async with self._connect(self) as link:
            self.hardware.online = True
            self.hardware.boots += 1
            self.counts["connected"] += 1
            try:
                yield link
            finally:
                self.hardware.online = False

    async def _converse(self, link: Link) -> None:
        """Raises: LinkLost."""
        while True:
            batch = await self.flash.next(link.most)
            refused = await link.deliver(batch)
            if self.hardware.happens(self._faults.unheard):
                self.counts["unheard"] += 1
                raise LinkLost
            if self.hardware.happens(self._faults.repeat):
                self.counts["repeated"] += 1
                await link.deliver(batch)
            self._acknowledge(batch, refused)
            await self._break_down()

    def _acknowledge(self, batch: Sequence[Message], refused: Sequence[Message]) -> None:
        self.flash.forget(batch)
        taken = [each for each in batch if isinstance(each, Sample) and each not in refused]
        self.acknowledged.update({each.sequence: each for each in taken})
        self.counts["messages"] += 1
        self.counts["refused"] += len(refused)

    async def _break_down(self) -> None:
        """Lose the network or reboot, if its time has come; not in its last words. Raises: LinkLost."""
        now, before = self._clock.now(), self._looked
        self._looked = now
        minutes = (now - before).total_seconds() / 60
        if self.hardware.breaks_down(minutes, self._faults.reboot):
            self.counts["reboots"] += 1
            self.flash.keep(self.hardware.reboot())
            raise LinkLost
        if self.hardware.breaks_down(minutes, self._faults.offline) and not self._clock.over:
            self.counts["offline"] += 1
            self.hardware.online = False
            raise Away(self._clock.ours(self.hardware.seconds(self._faults.offline_seconds)))
