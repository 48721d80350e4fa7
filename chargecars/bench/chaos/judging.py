"""What PostgreSQL says happened, held against what everybody was told and what was done."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import text

from chargecars.bench.chaos.subscribers import ORDERS, Subscriber
from domain.events.models import EventPosition
from domain.events.positions import visible
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database

WEBHOOK_TYPES = ("order.noted", "order.held", "order.resumed")


@dataclass
class Verdict:
    """Counts, and in words what is wrong."""

    events: int = 0
    told: int = 0
    webhooks: int = 0
    attempts: int = 0
    jobs: int = 0
    changes: int = 0
    connections: int = 0
    retries: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.lost == self.duplicated == self.out_of_order == 0 and not self.faults

    def compare(self, what: str, expected: Sequence[str], found: Sequence[str]) -> None:
        """Everything once, in order."""
        counted = Counter(found)
        lost = [id for id in expected if id not in counted]
        more = sum(count - 1 for count in counted.values())
        place = {id: number for number, id in enumerate(expected)}
        strange = [id for id in counted if id not in place]
        order = [place[id] for id in dict.fromkeys(found) if id in place]
        wrong = sum(1 for before, after in pairwise(order) if after < before)
        self.lost += len(lost)
        self.duplicated += more
        self.out_of_order += wrong
        if lost or more or wrong or strange:
            self.faults.append(f"{what}: {len(lost)} lost, {more} twice, {wrong} out of order, {len(strange)} strange")


async def positions(database: Database, actor: Actor, marker: int) -> list[tuple[str, str, str]]:
    """Event, type and subject type of all that the actor sees after a position, in order."""
    query = visible(actor).where(EventPosition.position > marker).order_by(EventPosition.position)
    async with database.session(actor) as session:
        return [(str(row.event_id), row.type, row.subject_type) for row in await session.execute(query)]


async def marked(database: Database, words: str) -> tuple[int, str]:
    """Position and id of the event that all subscribers begin to count at."""
    query = (
        "SELECT p.position, p.event_id FROM event e JOIN event_position p ON p.event_id = e.id "
        "WHERE e.type = 'order.noted' AND e.payload ->> 'note' = :words"
    )
    row = (await _rows(database, query, words=words))[0]
    return row[0], str(row[1])


async def judge_subscriber(
    verdict: Verdict, database: Database, actor: Actor, subscriber: Subscriber, marker: tuple[int, str]
) -> None:
    """From the marker on."""
    expected = [
        id
        for id, _, subject in await positions(database, actor, marker[0])
        if subscriber.document != ORDERS or subject == "Order"
    ]
    told = subscriber.told
    begin = told.index(marker[1]) + 1 if marker[1] in told else 0
    verdict.told += len(told) - begin
    verdict.compare(subscriber.name, expected, told[begin:])


async def judge_jobs(verdict: Verdict, database: Database, inside: str, outside: str) -> None:
    """Each committed job's effect once; that of outside work at least once, and nothing of what was rolled back."""
    rows = await _rows(database, "SELECT name, arguments ->> 'number', state FROM job WHERE name LIKE 'chaos.%'")
    effects = await _rows(database, "SELECT kind, number::text FROM chaos_effect")
    verdict.jobs += len(rows)
    for name in (inside, outside):
        expected = sorted(row[1] for row in rows if row[0] == name)
        found = sorted(row[1] for row in effects if row[0] == name)
        verdict.compare(name, expected, found if name == inside else sorted(set(found)))
    unfinished = Counter(row[2] for row in rows if row[2] != "DONE")
    if unfinished:
        verdict.faults.append(f"jobs that are not done: {dict(unfinished)}")


async def judge_webhooks(
    verdict: Verdict, database: Database, owner: Actor, arrived: Counter[str], effects: int, marker: int
) -> None:
    """One delivery per event, with one id, that arrived at least once."""
    wanted = [id for id, type, _ in await positions(database, owner, marker) if type in WEBHOOK_TYPES]
    rows = await _rows(
        database,
        "SELECT d.event_id::text, 'msg_' || replace(d.id::text, '-', ''), d.state FROM webhook_delivery d "
        "JOIN webhook_endpoint e ON e.id = d.endpoint_id "
        "WHERE e.url LIKE 'http://127.0.0.1:%' AND d.position > :marker ORDER BY d.position",
        marker=marker,
    )
    verdict.webhooks += len(rows)
    verdict.attempts += arrived.total()
    verdict.compare("webhook deliveries", wanted, [row[0] for row in rows])
    absent = [row for row in rows if not arrived[row[1]]]
    verdict.lost += len(absent)
    undone = Counter(row[2] for row in rows if row[2] != "DELIVERED")
    if absent or undone or effects != len(arrived):
        verdict.faults.append(f"webhooks: {len(absent)} never arrived, states {dict(undone)}")


async def judge_changes(verdict: Verdict, database: Database, notes: Sequence[str], leads: Sequence[str]) -> None:
    """Each change that the API confirmed was made once, however often it was sent."""
    query = (
        "SELECT payload ->> 'note' FROM event WHERE type LIKE 'order.noted%' AND payload ->> 'note' LIKE 'note %' "
        "ORDER BY created_at"
    )
    verdict.changes += len(notes) + len(leads)
    verdict.compare("notes", sorted(notes), sorted(row[0] for row in await _rows(database, query)))
    made = await _rows(database, "SELECT email FROM lead WHERE email LIKE 'chaos-%@example.nl'")
    verdict.compare("leads", sorted(leads), sorted(row[0] for row in made))


async def judge_failures(verdict: Verdict, database: Database) -> None:
    """Nothing was given up."""
    rows = await _rows(database, "SELECT name, error FROM failed_job")
    verdict.faults += [f"failed job {name}: {error}" for name, error in rows]


async def _rows(database: Database, query: str, **values: Any) -> list[Any]:
    async with database.session(SYSTEM) as session:
        return list((await session.execute(text(query), values)).all())
