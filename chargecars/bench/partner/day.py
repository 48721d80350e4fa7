"""Replay of a day: five partners through their five ways in, with faults of each kind, and what came of it.

    day = await replay(database, settings, scale=10, part=0.05)
    day.problems == []        # every order is there once, every exception in the queue, every partner was told

It makes a business entity of its own, so that it can be played on any database, beside anything. Nothing is left out:
requests go through the application, mails are read as the worker reads them, updates go to real receivers.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from api.app import create_app
from api.schema import platform_schema
from api.webhook_payloads import Payloads
from chargecars.bench.partner import day_judging
from chargecars.bench.partner.day_mails import read_mails, review_mails
from chargecars.bench.partner.day_plan import Planned, Road, planned
from chargecars.bench.partner.day_scene import Stage, prepared
from chargecars.bench.partner.day_senders import Senders
from chargecars.bench.partner.day_updates import Updates, tell
from tenants.engine import Database
from tenants.settings import Settings
from workers.outbound import Outbound
from workers.webhooks import Deliverer

AT_ONCE = 4
"""Partners' systems that send at the same moment."""
_SECRET = "cursors of a replayed day"  # noqa: S105  # of no page that anybody keeps


@dataclass
class Day:
    """What was sent, how it was answered, and what is not as it should be: nothing, where all went well."""

    orders: int
    faults: Counter[str]
    answers: Counter[str]
    exceptions: Counter[str]
    reviewed: int
    updates: int
    sent_seconds: float
    problems: list[str] = field(default_factory=list)
    milliseconds: dict[Road, list[float]] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Orders a second from the first request to the last mail that was looked at, faults and all."""
        return self.orders / self.sent_seconds

    def percentile(self, part: float) -> dict[Road, float]:
        """Milliseconds within which so large a part of the requests was answered, by road."""
        ordered = {road: sorted(taken) for road, taken in self.milliseconds.items()}
        return {road: taken[min(len(taken) - 1, int(part * len(taken)))] for road, taken in ordered.items()}

    def summary(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "orders": self.orders,
            "faults": dict(self.faults),
            "answers": dict(sorted(self.answers.items())),
            "exceptions": dict(self.exceptions),
            "reviewed_mails": self.reviewed,
            "updates": self.updates,
            "seconds": round(self.sent_seconds, 2),
            "orders_per_second": round(self.per_second, 1),
            "median_ms": {road.value: round(median(taken), 1) for road, taken in self.milliseconds.items()},
            "p95_ms": {road.value: round(ms, 1) for road, ms in self.percentile(0.95).items()},
            "problems": self.problems,
        }


async def replay(
    database: Database,
    settings: Settings,
    *,
    scale: float = 10,
    part: float = 0.05,
    seed: int = 1,
    schema: Any = None,
) -> Day:
    """Play a day at `scale` times the volumes of the partner document; `part` of each kind of fault."""
    allowed = settings.model_copy(update={"webhook_local_targets": True})
    schema = schema or platform_schema(_SECRET)
    async with Updates().listening() as updates:
        stage = await prepared(database, allowed, schema, updates.url)
        return await _played(database, allowed, schema, stage, updates, planned(scale, part, seed))


async def _played(
    database: Database, settings: Settings, schema: Any, stage: Stage, updates: Updates, orders: list[Planned]
) -> Day:
    app = create_app(settings, schema)
    app.state.database = database
    senders = Senders(app, database, settings, stage)
    began = time.monotonic()
    try:
        await _at_once(senders, orders)
        await read_mails(database, settings, stage)
        reviewed = await review_mails(database, settings, stage, orders)
    finally:
        await app.state.redis.aclose()
    seconds = time.monotonic() - began
    await _tell(database, settings, schema, stage)
    judged = await day_judging.judged(database, stage, orders, updates)
    return Day(
        orders=len(orders),
        faults=Counter(order.fault.value for order in orders),
        answers=senders.answers,
        exceptions=judged.exceptions,
        reviewed=reviewed,
        updates=updates.arrived.total(),
        sent_seconds=seconds,
        problems=judged.problems,
        milliseconds=senders.milliseconds,
    )


async def _at_once(senders: Senders, orders: list[Planned]) -> None:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(order: Planned) -> None:
        async with room:
            await senders.send(order)

    async with asyncio.TaskGroup() as group:
        for order in orders:
            group.create_task(one(order))


async def _tell(database: Database, settings: Settings, schema: Any, stage: Stage) -> None:
    outbound = Outbound(settings)
    try:
        deliverer = Deliverer(database, settings, Payloads(schema, database, settings), outbound)
        await tell(database, stage, deliverer)
    finally:
        await outbound.close()
