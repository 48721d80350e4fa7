"""Writing down what was refused without letting a flood reach the database.

The first of a kind (identity, way, action, reason) is written at once; what follows within `APART` seconds is counted
here and written as one.
"""

import asyncio
import time
from dataclasses import replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from domain.chargers import quarantine
from domain.chargers.quarantine import Refused
from tenants.actor import SYSTEM
from tenants.engine import Database

APART = 5.0
MOST_KINDS = 2_000
"""Kinds that are counted apart; what comes on top is not written within `APART`."""
Key = tuple[str, str, str, str]

_log = structlog.get_logger(__name__)


class Refusals:
    """Of one process. Nothing of it raises: what cannot be written down is logged."""

    def __init__(self, database: Database, apart: float = APART) -> None:
        self._database = database
        self._apart = apart
        self._written: dict[Key, float] = {}
        self._counted: dict[Key, Refused] = {}
        self._writing: asyncio.Task[None] | None = None

    async def add(self, refused: Refused) -> None:
        """Write it down, now or with those like it."""
        now = time.monotonic()
        if now - self._written.get(refused.key, -self._apart) >= self._apart and self._room(now):
            self._written[refused.key] = now
            await self._write(self._with_counted(refused))
            return
        self._count(refused)

    def _room(self, now: float) -> bool:
        if len(self._written) >= MOST_KINDS:
            self._written = {key: at for key, at in self._written.items() if now - at < self._apart}
        return len(self._written) < MOST_KINDS

    def _with_counted(self, refused: Refused) -> Refused:
        before = self._counted.pop(refused.key, None)
        return replace(refused, repeated=refused.repeated + before.repeated) if before else refused

    def _count(self, refused: Refused) -> None:
        before = self._counted.get(refused.key)
        if before is None and len(self._counted) >= MOST_KINDS:
            return
        self._counted[refused.key] = replace(before, repeated=before.repeated + 1) if before else refused
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._later())

    async def _later(self) -> None:
        while self._counted:  # more may have come while it was written
            await asyncio.sleep(self._apart)
            await self.flush()

    async def flush(self) -> None:
        """Write what was counted, each kind in a transaction of its own."""
        counted, self._counted = self._counted, {}
        for refused in counted.values():
            self._written[refused.key] = time.monotonic()
            await self._write(refused)

    async def close(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
        await self.flush()

    async def _write(self, refused: Refused) -> None:
        try:
            async with self._database.session(SYSTEM) as session:
                await quarantine.keep(session, refused)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("refusal_not_kept", identity=refused.identity, reason=refused.reason, error=str(error)[:200])
