"""Asking for previews, what a database holds, and doing for real what a preview has told."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import func, select

from domain.events.models import Event, EventPosition
from domain.jobs import actors
from domain.jobs.models import Job
from domain.reactions import FORESEEN, REACTIONS
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.engine import Database

PREVIEW = """preview { events rows { kind recordId action follows columns { name before after } }
  invoices { number kind part gross { cents } } ledger { key accountCode amount { cents } }
  commissions { kind commissionLevel commissionRate base { cents } amount { cents } } documents { kind fileName }
  messages { channel kind recipient subject text suppressed }
  webhooks { endpointId url eventType payload } gaps { work reason runAt detail } }"""
_MOVING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9+/]{40,}={0,2}|[0-9a-f]{64,}"
    r"|\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|\+00:00)"
)
"""Ids, hashes and times: what differs between two runs of the same."""


async def trace(owner: "asyncpg.Connection[Any]") -> dict[str, Any]:
    """Every version of every row, and where every sequence stands."""
    query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    found: dict[str, Any] = {}
    for (name,) in await owner.fetch(query):
        found[name] = await owner.fetchrow(
            f"SELECT count(*), md5(string_agg(t.ctid::text || t.xmin::text, '' ORDER BY t.ctid)) FROM \"{name}\" t"
        )
    sequences = await owner.fetch("SELECT sequencename, last_value FROM pg_sequences")
    return found | {row["sequencename"]: row["last_value"] for row in sequences}


def plain(value: Any) -> Any:
    """The value without what no two runs have in common."""
    match value:
        case str():
            return _MOVING.sub("…", value)
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value


def kinds(preview: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    """How many rows of each kind would be made, changed, removed."""
    return Counter((row["kind"], row["action"]) for row in preview["rows"])


@dataclass
class Aftermath:
    """What a real run left behind, from a position of the log on."""

    database: Database
    start: int
    since: datetime

    @classmethod
    async def begin(cls, database: Database) -> "Aftermath":
        """From now on."""
        async with database.session(SYSTEM) as session:
            newest = select(EventPosition.position).order_by(EventPosition.position.desc()).limit(1)
            now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
            return cls(database, await session.scalar(newest) or 0, now)

    async def follow(self) -> None:
        """What workers do: every reaction to every new event, each in a transaction; then the jobs, then again."""
        done: set[UUID] = set()
        while await self._react(done) or await self._work(done):
            pass

    async def _react(self, done: set[UUID]) -> bool:
        fresh = [event for event in await self.events() if event.id not in done]
        for event in fresh:
            done.add(event.id)
            for reaction in REACTIONS:
                if reaction.types is None or event.type in reaction.types:
                    async with self.database.session(SYSTEM) as session:
                        await reaction.react(session, event)
        return bool(fresh)

    async def _work(self, done: set[UUID]) -> bool:
        async with self.database.session(SYSTEM) as session:
            mine = Job.name.in_(FORESEEN), Job.created_at >= self.since, Job.id.not_in(done)
            jobs = list(await session.scalars(select(Job).where(*mine).order_by(Job.id)))
        for job in jobs:
            done.add(job.id)
            actor = actors.read(job.actor)
            async with self.database.session(SYSTEM if actor.audience is Audience.SYSTEM else actor) as session:
                await FORESEEN[job.name](session, job.arguments)
        return bool(jobs)

    async def events(self) -> list[Event]:
        async with self.database.session(SYSTEM) as session:
            query = select(Event).join(EventPosition, EventPosition.event_id == Event.id)
            query = query.where(EventPosition.position > self.start).order_by(EventPosition.position)
            return list(await session.scalars(query))
