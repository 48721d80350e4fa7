"""Delivering webhooks: what the log tells becomes deliveries, deliveries become signed requests.

The reaction only writes rows, in the transaction that advances its position. Everything else is done by a task of every
worker process, woken by the commits that leave something to do and each second by itself.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from prometheus_client import Counter, Gauge, Histogram

from domain.webhooks import deliveries, faults, queue, replays
from domain.webhooks.deliveries import CHANNEL, Unwritten
from domain.webhooks.models import AttemptError, DeliveryState
from domain.webhooks.outcome import Outcome
from domain.webhooks.payloads import PayloadFailed, Renderer, body_of
from domain.webhooks.queue import Taken
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database, connect_args, role_password
from tenants.settings import Settings
from workers.outbound import Outbound

ATTEMPTS = Counter(
    "chargecars_webhook_attempts", "Attempts of webhook deliveries, `OK` or why they failed.", ("outcome",)
)
ENDED = Counter("chargecars_webhook_deliveries", "Webhook deliveries, by how they ended.", ("state",))
SECONDS = Histogram(
    "chargecars_webhook_attempt_seconds",
    "Duration of attempts.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
UNDER_WAY = Gauge("chargecars_webhook_attempts_in_flight", "Attempts under way in this process.")
OVERDUE = Gauge("chargecars_webhook_queue_age_seconds", "For how long the oldest delivery that is due has waited.")

_SWEEP_SECONDS = 1.0
_FINISHING_SECONDS = 6.0
_WRITTEN_AT_ONCE = 50
_READERS = 4
_KEEPERS = 4
"""Transactions at a time that keep what came of attempts: the process has few connections."""
_MEASURE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Deliverer:
    """`run` until cancelled. Raises what PostgreSQL raises; what receivers do is kept, never raised."""

    def __init__(self, database: Database, settings: Settings, renderer: Renderer, outbound: Outbound) -> None:
        self._database = database
        self._settings = settings
        self._renderer = renderer
        self._outbound = outbound
        self._woken = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._keepers = asyncio.Semaphore(_KEEPERS)
        self._measured_at = -_MEASURE_SECONDS

    async def run(self) -> None:
        """Listen, and sweep each second; what has begun is finished where that takes no longer than six seconds."""
        try:
            async with _listening(self._settings, self._woken):
                while True:
                    await self.sweep()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), _SWEEP_SECONDS)
                    self._woken.clear()
        finally:
            await self._finish()

    async def sweep(self) -> int:
        """Queue a batch of replays, read what waits for its JSON, begin what is due and there is room for: how many."""
        await self._replay()
        await self._write()
        begun = await self._begin()
        await self._measure()
        return begun

    async def drain(self) -> None:
        """Sweep until nothing is due and nothing under way."""
        while await self.sweep() or self._under_way:  # what a sweep begins may have ended with it, and be due again
            if self._under_way:
                await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)

    async def _replay(self) -> None:
        async with self._database.session(SYSTEM) as session:
            if await replays.advance(session):
                self._woken.set()

    async def _write(self) -> None:
        async with self._database.session(SYSTEM) as session:
            waiting = await deliveries.unwritten(session, _WRITTEN_AT_ONCE)
        readers = asyncio.Semaphore(_READERS)
        written = await asyncio.gather(*(self._write_one(readers, each) for each in waiting))
        if len(waiting) == _WRITTEN_AT_ONCE and all(written):
            self._woken.set()

    async def _write_one(self, readers: asyncio.Semaphore, waiting: Unwritten) -> bool:
        """Where it cannot be read now, that counts as an attempt later."""
        async with readers:
            try:
                body = await body_of(self._renderer, waiting.endpoint, waiting.event_id)
            except PayloadFailed:
                return False
            async with self._database.session(SYSTEM) as session:
                await deliveries.write(session, waiting.id, body)
        return True

    async def _begin(self) -> int:
        room = self._settings.webhook_connections - len(self._under_way)
        if room <= 0:
            return 0
        async with self._database.session(SYSTEM) as session:
            taken = await queue.take_due(session, self._settings, room)
        for each in taken:
            task = asyncio.create_task(self._attempt(each), name=f"webhook {each.delivery.id}")
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        UNDER_WAY.set(len(self._under_way))
        return len(taken)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        UNDER_WAY.set(len(self._under_way))
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("webhook_attempt_broke", task=task.get_name(), exc_info=error)

    async def _attempt(self, taken: Taken) -> None:
        began = time.perf_counter()
        outcome = await self._outcome(taken)
        async with self._keepers, self._database.session(SYSTEM) as session:
            state = await queue.conclude(session, self._settings, taken, outcome)
        ATTEMPTS.labels(outcome.error.value if outcome.error else "OK").inc()
        SECONDS.observe(time.perf_counter() - began)
        if state is not DeliveryState.PENDING:
            ENDED.labels(state.value).inc()
        # Neither the address nor the payload is logged.
        log.debug("webhook_attempt", delivery_id=str(taken.delivery.id), number=taken.number, state=state.value)

    async def _outcome(self, taken: Taken) -> Outcome:
        try:
            body = taken.delivery.body or await self._late_body(taken)
        except PayloadFailed as error:
            return Outcome(AttemptError.PAYLOAD, detail=str(error))
        fault = faults.due(taken.delivery)
        headers = faults.spoilt(fault, queue.signed(self._settings, taken, body))
        sent = faults.is_sent(fault)
        real = await self._outbound.post(taken.endpoint.url, headers, body) if sent else None
        return faults.outcome(fault, real) if fault or real is None else real

    async def _late_body(self, taken: Taken) -> str:
        body = await body_of(self._renderer, taken.endpoint, taken.delivery.event_id)
        async with self._database.session(SYSTEM) as session:
            return await deliveries.write(session, taken.delivery.id, body)

    async def _measure(self) -> None:
        if time.monotonic() - self._measured_at < _MEASURE_SECONDS:
            return
        self._measured_at = time.monotonic()
        async with self._database.session(SYSTEM) as session:
            due = await queue.next_due(session)
        OVERDUE.set(max(0.0, (clock.now() - due).total_seconds()) if due else 0)

    async def _finish(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_FINISHING_SECONDS)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def delivering(renderer_of: Callable[[Database, Settings], Renderer]) -> Callable[[Database, Settings], Any]:
    """The task of a worker process; selections are compiled by what the function gives."""

    async def run(database: Database, settings: Settings) -> None:
        outbound = Outbound(settings)
        try:
            await Deliverer(database, settings, renderer_of(database, settings), outbound).run()
        finally:
            await outbound.close()

    return run


async def forget_old_deliveries(database: Database, settings: Settings) -> int:
    """Delete deliveries whose time is over, a batch per transaction; how many."""
    kept, done = timedelta(days=settings.webhook_kept_days), 0
    async with database.session(SYSTEM) as session:
        await deliveries.close_abandoned(session)
    while batch := await _forget(database, kept):
        done += batch
    return done


async def _forget(database: Database, kept: timedelta) -> int:
    async with database.session(SYSTEM) as session:
        return await deliveries.forget(session, kept)


@contextlib.asynccontextmanager
async def _listening(settings: Settings, woken: asyncio.Event) -> Any:
    """A connection of its own that hears of commits."""
    args = connect_args(settings.database_url, SYSTEM.audience.database_role, role_password(settings))
    connection = await asyncpg.connect(**args, server_settings={"application_name": "chargecars-webhooks"})
    try:
        connection.add_termination_listener(lambda _: woken.set())
        await connection.add_listener(CHANNEL, lambda *_: woken.set())
        yield connection
    finally:
        connection.terminate()
