"""Everything that is live in one process: `app.state.live`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.admission import Admitted
from api.live import metrics
from api.live.codes import GOING_AWAY
from api.live.hub import Hub
from api.live.plans import Planned, Plans
from api.live.replay import position_after
from api.live.rings import Rings
from api.live.subscriber import Subscriber
from api.live.tail import Doorbell
from api.live.watching import Watch
from api.live.wire import Bounds
from api.reading.schema import Schema
from domain.events.cursor import cursor_of
from tenants.actor import Actor
from tenants.engine import Database
from tenants.settings import Settings

_BEGIN_AT_ONCE = 8


class Full(Exception):
    """The process holds as many connections as it may."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A subscription with its plan and the position after which it begins."""

    planned: Planned
    position: int | None


class Live:
    """Subscriptions of one process, by whatever transport."""

    def __init__(self, settings: Settings, database: Database, schema: Schema) -> None:
        self.settings = settings
        self.watch = Watch(database, settings)
        at_once = max(1, settings.database_pool_size // 2)
        self.hub = Hub(database, Doorbell(settings.redis_url), Rings(settings.redis_url), at_once)
        self.bounds = Bounds(settings.live_backlog_bytes, settings.live_backlog_messages)
        self.connections = 0
        self.beginning = asyncio.Semaphore(_BEGIN_AT_ONCE)
        """Held while a subscription is admitted and planned: after a restart everybody comes at the same time."""
        self._plans = Plans(schema, database, settings)

    @contextmanager
    def connection(self, transport: str) -> Iterator[None]:
        """Counts one connection. Raises: Full."""
        if self.connections >= self.settings.live_connections:
            raise Full
        self.connections += 1
        metrics.CONNECTIONS.labels(transport).inc()
        try:
            yield
        finally:
            self.connections -= 1
            metrics.CONNECTIONS.labels(transport).dec()

    async def cursor(self) -> str:
        """Of the last event there is: to resume from before the first update."""
        return cursor_of(await self.hub.now())

    async def ready(self, admitted: Admitted, actor: Actor, after: str | None = None) -> Ready:
        """A subscription that may begin; `after`, a cursor, replaces its argument. Raises: GraphQLError."""
        planned, given = await self._plans.plan(admitted, actor)
        cursor = after or given
        return Ready(planned, None if cursor is None else position_after(cursor))

    async def run(self, ready: Ready, subscriber: Subscriber) -> None:
        """Let it begin; returns when it is live, which it is until its subscriber leaves. Raises: GraphQLError."""
        try:
            await self.hub.join(subscriber, ready.planned, ready.position)
        except BaseException:
            subscriber.leave()
            raise

    async def close(self) -> None:
        """End every connection; clients connect to another process."""
        self.watch.end_all(GOING_AWAY, "GOING_AWAY")
        await self.watch.close()
        await self.hub.close()
