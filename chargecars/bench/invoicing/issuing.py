"""Invoices as they come about: a run that somebody asks for, workers that carry it out, reactions, documents."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from chargecars.bench.installation import Installation
from chargecars.bench.invoicing.orders import wrongly_billed
from chargecars.stack.child import Child
from domain.invoices import issuing, runs
from domain.invoices.runs import RunRequest
from tenants.actor import SYSTEM
from tenants.engine import Database

_STOP = ((signal.SIGTERM, 12.0),)
_LONGEST = 1800.0
_LOOK = 0.05
_DONE = """
SELECT count(*) FILTER (WHERE o.outcome <> 'WAITING') AS done,
  coalesce(sum(cardinality(o.invoice_ids)), 0)::bigint AS invoices
FROM invoice_run_order o WHERE o.run_id = $1
"""
_DOCUMENTS = """
SELECT count(*) FROM invoice_run_order o CROSS JOIN unnest(o.invoice_ids) AS i(id)
JOIN document d ON d.owner_id = i.id AND d.owner_type = 'Invoice' AND d.kind IN ('PDF', 'UBL') WHERE o.run_id = $1
"""
_BEHIND = """
SELECT coalesce((SELECT max(position) FROM event_position), 0) > position FROM event_consumer WHERE name = 'documents'
"""
_NO_OTHER_DOCUMENTS = "DELETE FROM job WHERE name = 'documents.render' AND state IN ('QUEUED', 'RUNNING')"


class Wrong(Exception):
    """What was billed is not what was ordered."""


@dataclass(frozen=True, slots=True)
class Billed:
    """What came of a run."""

    orders: int
    invoices: int
    seconds: float

    @property
    def rate(self) -> float:
        """Invoices per second."""
        return self.invoices / self.seconds


@contextmanager
def workers(place: Installation, many: int, queues: str) -> Iterator[None]:
    """So many worker processes that serve these queues."""
    environment = {**place.environment, "WORKER_QUEUES": queues, "WORKER_PORT": "0"}
    command = [sys.executable, "-m", "chargecars", "worker"]
    with ExitStack() as stack:
        for number in range(many):
            log = place.settings.data_dir / "log" / f"worker-{number}.log"
            child = Child(f"worker {number}", command, log, environment=environment, stop_signals=_STOP)
            stack.callback(child.stop)
        yield


async def by_workers(
    owner: "asyncpg.Connection[Any]", database: Database, ids: Sequence[UUID], *, documents: bool
) -> Billed:
    """From asking until the last invoice is there, or the last document of it. Raises: Wrong, TimeoutError."""
    async with asyncio.timeout(_LONGEST):
        await _without_others(owner)
    began = time.perf_counter()
    async with database.session(SYSTEM) as session:
        run_id = (await runs.request(session, RunRequest(order_ids=list(ids)))).id
    async with asyncio.timeout(_LONGEST):
        invoices = await _issued(owner, run_id, len(ids))
        while documents and await owner.fetchval(_DOCUMENTS, run_id) < 2 * invoices:  # noqa: ASYNC110  # others work
            await asyncio.sleep(_LOOK)
    seconds = time.perf_counter() - began
    await _check(owner, ids)
    return Billed(len(ids), invoices, seconds)


async def _without_others(owner: "asyncpg.Connection[Any]") -> None:
    """Reactions have caught up, and nobody makes documents of what was issued before."""
    while await owner.fetchval(_BEHIND):  # noqa: ASYNC110  # others work
        await asyncio.sleep(_LOOK)
    await owner.execute(_NO_OTHER_DOCUMENTS)


async def _issued(owner: "asyncpg.Connection[Any]", run_id: UUID, orders: int) -> int:
    """How many invoices, once something has become of every order."""
    while True:
        row = await owner.fetchrow(_DONE, run_id)
        if row is not None and row["done"] == orders:
            return int(row["invoices"])
        await asyncio.sleep(_LOOK)


async def one_by_one(owner: "asyncpg.Connection[Any]", database: Database, ids: Sequence[UUID]) -> Billed:
    """As a small shop does it: an order, its invoice, the next order; no worker, no document. Raises: Wrong."""
    began, invoices = time.perf_counter(), 0
    for id in ids:
        async with database.session(SYSTEM) as session:
            invoices += len(await issuing.issue_order(session, id))
    seconds = time.perf_counter() - began
    await _check(owner, ids)
    return Billed(len(ids), invoices, seconds)


async def _check(owner: "asyncpg.Connection[Any]", ids: Sequence[UUID]) -> None:
    if wrong := await wrongly_billed(owner, ids):
        raise Wrong(f"{wrong} of {len(ids)} orders are billed otherwise than ordered")
