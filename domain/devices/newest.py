"""What was just stored, to whoever looks at a charger at the moment; nothing depends on its arriving.

Redis pub/sub, channel `chargecars:telemetry:<charger id>`, JSON: `{"readings": [{"connector", "readAt", "sequence",
"revision", "energyWh", "powerW", "voltageMv", "currentMa", "temperatureDc", "socPercent"}]}`, oldest first.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Any
from uuid import UUID

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.telemetry.readings import Reading

CHANNEL = "chargecars:telemetry:"
_MOST = 120
"""Readings of a charger in one message; older ones are left out."""
_FEW = 16
"""Chargers that are told of without asking who listens."""
_KNOWN_SECONDS = 0.25
_SECONDS = 2.0
log = structlog.get_logger(__name__)


def channel(charger_id: UUID) -> str:
    """Where readings of a charger are told."""
    return f"{CHANNEL}{charger_id}"


def message(readings: Iterable[Reading]) -> bytes:
    """The readings of one charger as they are told."""
    return orjson.dumps({"readings": [_told(reading) for reading in readings]}, option=orjson.OPT_UTC_Z)


def _told(reading: Reading) -> dict[str, object]:
    return {
        "connector": reading.connector,
        "readAt": reading.read_at,
        "sequence": reading.sequence,
        "revision": reading.revision,
        "energyWh": reading.energy_wh,
        "powerW": reading.power_w,
        "voltageMv": reading.voltage_mv,
        "currentMa": reading.current_ma,
        "temperatureDc": reading.temperature_dc,
        "socPercent": reading.soc_percent,
    }


class Newest:
    """Tells in the background; what comes while it tells is told together next."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
        self._waiting: dict[UUID, list[Reading]] = {}
        self._task: asyncio.Task[None] | None = None
        self._heard: frozenset[bytes] = frozenset()
        self._asked_at = 0.0

    def tell(self, charger_id: UUID, readings: list[Reading]) -> None:
        """Say that these were stored."""
        self._waiting[charger_id] = (self._waiting.get(charger_id, []) + readings)[-_MOST:]
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop telling."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._redis.aclose()

    async def _run(self) -> None:
        try:
            while self._waiting:
                told, self._waiting = self._waiting, {}
                await self._tell(told)
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("newest_readings_not_told", error=type(error).__name__)
        finally:
            self._task = None

    async def _tell(self, told: dict[UUID, list[Reading]]) -> None:
        if len(told) > _FEW:
            heard = await self._listened_to()
            told = {id: readings for id, readings in told.items() if channel(id).encode() in heard}
        rest: Any = iter(told.items())
        while some := list(islice(rest, _FEW)):
            pipe = self._redis.pipeline(transaction=False)
            for charger_id, readings in some:
                pipe.publish(channel(charger_id), message(readings))
            await pipe.execute()

    async def _listened_to(self) -> frozenset[bytes]:
        """The channels that somebody listens to, a moment ago at most: telling nobody costs as much."""
        if time.monotonic() > self._asked_at + _KNOWN_SECONDS:
            self._heard = frozenset(await self._redis.pubsub_channels(f"{CHANNEL}*"))
            self._asked_at = time.monotonic()
        return self._heard
