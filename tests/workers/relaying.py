"""Relays for tests: in this process or in others, and what they put into the stream."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis

from tenants.settings import Settings
from workers.relay import STREAM, Relay
from workers.supervise import Supervised

ROOT = Path(__file__).resolve().parents[2]
_IN_ANOTHER_PROCESS = """\
import asyncio, sys
from tenants.settings import Settings
from workers.relay import Relay
class Told(Relay):
    async def _hold(self, *both):
        await super()._hold(*both)
        print("works", flush=True)
asyncio.run(Told(Settings(_env_file=None)).run())
"""


@contextlib.asynccontextmanager
async def relaying(settings: Settings) -> AsyncIterator["asyncio.Task[None]"]:
    """A relay of a worker process, begun again when it falls."""
    task = asyncio.create_task(Supervised("relay", Relay(settings).run).run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class OtherProcess:
    """A relay in a process of its own; the settings reach it through the environment."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", _IN_ANOTHER_PROCESS]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._said = asyncio.ensure_future(asyncio.to_thread(self._process.stdout.readline))

    async def works(self) -> str:
        """Wait until it is the one that works, which it says once, however often it is waited for."""
        return await asyncio.wait_for(asyncio.shield(self._said), 120)

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()
        self._process.communicate()


class Stream:
    """What is in the stream of the tests' Redis."""

    def __init__(self, redis: "Redis") -> None:
        self.redis = redis

    async def entries(self) -> list[dict[str, Any]]:
        return [orjson.loads(fields[b"e"]) for _, fields in await self.redis.xrange(STREAM)]

    async def until(self, position: int) -> list[dict[str, Any]]:
        """All entries, as soon as the one of `position` is there."""
        async with asyncio.timeout(15):
            while await self._last() < position:
                await self.redis.xread({STREAM: f"{await self._last()}-0"}, block=1000)
        return await self.entries()

    async def cut_off_others(self) -> None:
        """Everybody else who uses this database of Valkey; other workers' tests run in others of the same server."""
        own = await self.redis.client_info()
        for client in await self.redis.client_list():
            if client["db"] == str(own["db"]) and client["id"] != str(own["id"]):
                await self.redis.client_kill_filter(_id=client["id"])

    async def _last(self) -> int:
        newest = await self.redis.xrevrange(STREAM, count=1)
        return int(newest[0][0].partition(b"-")[0]) if newest else 0
