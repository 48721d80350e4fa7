"""Counting in memory who uses what is deprecated, and writing it down twice a minute: a crash loses half a minute."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from graphql import OperationDefinitionNode
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from strawberry import Schema

from api.context import Context
from api.documents import Document
from api.versions.declared import Deprecation
from api.versions.used import Parts, deprecated_parts, used
from domain.deprecations.service import Used, add
from tenants.actor import SYSTEM, Actor, ClientKind
from tenants.engine import Database

SECONDS = 30.0
_MOST = 20_000
_CALENDAR = ZoneInfo("Europe/Amsterdam")

log = structlog.get_logger(__name__)


def note_use(
    schema: Schema,
    document: Document,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any] | None,
    context: Context,
) -> None:
    """Count what an admitted operation uses of what is deprecated."""
    graphql = schema._schema
    if parts := used(graphql, document, operation, variables):
        counts_of(context.database).count(context, parts, deprecated_parts(graphql))


@dataclass(slots=True)
class Counts:
    """What was counted for one database and is not written yet."""

    database: Database
    _waiting: dict[Used, tuple[int, datetime]] = field(default_factory=dict)
    _writing: asyncio.Task[None] | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def count(self, context: Context, parts: Iterable[str], reasons: Parts) -> None:
        """One request of a client. Who asks through no known client for no entity is nobody to be told."""
        entity_id = _entity(context)
        for part in parts:
            self.note(context.actor, entity_id, part, Deprecation.of(reasons[part]))

    def note(self, actor: Actor, entity_id: UUID | None, part: str, deprecation: Deprecation) -> None:
        """One use by the actor's client, for an entity; of an endpoint beside GraphQL `part` is method and path."""
        if entity_id is None or actor.client is None:
            return
        now = datetime.now(UTC)
        key = Used(
            entity_id,
            actor.organization_id,
            actor.client.kind.value,
            actor.client.id,
            actor.role.value,
            part,
            deprecation.since,
            deprecation.removal,
            deprecation.use,
            now.astimezone(_CALENDAR).date(),
        )
        self._add(key, 1, now)
        self._write_later()

    async def write(self) -> None:
        """Write down what was counted; what cannot be written is counted on."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            async with self.database.session(SYSTEM) as session:
                await add(session, [(key, number, last) for key, (number, last) in waiting.items()])
        except IntegrityError as error:
            log.error("deprecated_uses_dropped", error=type(error).__name__)
        except (SQLAlchemyError, OSError) as error:
            log.warning("deprecated_uses_not_written", error=type(error).__name__)
            for key, (number, last) in waiting.items():
                self._add(key, number, last)

    async def close(self) -> None:
        """Write down what is left."""
        _COUNTS.pop(id(self.database), None)
        self._closing.set()
        if self._writing and not self._writing.done():
            await self._writing
        await self.write()

    def _add(self, key: Used, number: int, last: datetime) -> None:
        known, before = self._waiting.get(key, (0, last))
        if known or len(self._waiting) < _MOST:
            self._waiting[key] = (known + number, max(before, last))

    def _write_later(self) -> None:
        writing, loop = self._writing, asyncio.get_running_loop()
        if writing is None or writing.done() or writing.get_loop() is not loop:
            self._writing = loop.create_task(self._write(), name="deprecated-uses")

    async def _write(self) -> None:
        while self._waiting and not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), SECONDS)
            await self.write()


_COUNTS: dict[int, Counts] = {}


def counts_of(database: Database) -> Counts:
    """The counts of this process."""
    if (found := _COUNTS.get(id(database))) is None:
        found = _COUNTS[id(database)] = Counts(database)  # holds the database, so that its id stays its own
    return found


def _entity(context: Context) -> Any:
    """For which entity a client is used: a portal's own, else the actor's first."""
    actor = context.actor
    if actor.client and actor.client.kind is ClientKind.PORTAL and context.brand:
        return context.brand.entity_id
    return actor.entity_ids[0] if actor.entity_ids else None
