"""Those who write meanwhile: people through GraphQL, the platform through the domain, some of it rolled back."""

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from api.reading import global_id
from chargecars.bench.chaos.portal import Portal
from chargecars.bench.chaos.worker import INSIDE, OUTSIDE
from domain.jobs.service import enqueue
from domain.orders import service as orders
from tenants.actor import Actor
from tenants.engine import Database

NOTE = """mutation N($id: ID!, $note: String!, $internal: Boolean!) {
  noteOrder(id: $id, note: $note, internal: $internal) { userErrors { code } } }"""
HOLD = "mutation H($id: ID!, $reason: String!) { holdOrder(id: $id, reason: $reason) { userErrors { code } } }"
RESUME = "mutation R($id: ID!) { resumeOrder(id: $id) { userErrors { code } } }"
LEAD = "mutation L($input: SubmitLeadInput!) { submitLead(input: $input) { userErrors { code } } }"


@dataclass
class Producers:
    """`notes` are the words of those changes that the API has confirmed."""

    staff: Portal
    partner: Portal
    database: Database
    actor: Actor
    orders: list[UUID]
    chance: random.Random
    pause: float
    notes: list[str] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)
    numbers: int = 0
    stopping: bool = False

    async def run(self) -> None:
        """Until `stopping`; what was begun is brought to its end."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._notes())
            group.create_task(self._holds())
            group.create_task(self._leads())
            group.create_task(self._jobs())

    async def note(self, words: str, order: UUID, *, internal: bool = False) -> None:
        """One note through the API."""
        await self.staff.ask(NOTE, id=global_id("Order", order), note=words, internal=internal)
        self.notes.append(words)

    async def _notes(self) -> None:
        number = 0
        while not self.stopping:
            number += 1
            await self.note(f"note {number}", self._order(), internal=self.chance.random() < 0.2)
            await asyncio.sleep(self.pause)

    async def _holds(self) -> None:
        while not self.stopping:
            id = global_id("Order", self._order())
            await self.staff.ask(HOLD, id=id, reason="chaos")
            await self.staff.ask(RESUME, id=id)
            await asyncio.sleep(self.pause)

    async def _leads(self) -> None:
        number = 0
        while not self.stopping:
            number += 1
            email = f"chaos-{number}@example.nl"
            await self.partner.ask(LEAD, input={"name": f"Chaos {number}", "email": email})
            self.leads.append(email)
            await asyncio.sleep(self.pause * 10)

    async def _jobs(self) -> None:
        """In one transaction a note and two jobs, asked for twice; every tenth is rolled back."""
        while not self.stopping:
            self.numbers += 1
            with contextlib.suppress(SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._transaction(self.numbers)
            await asyncio.sleep(self.pause)

    async def _transaction(self, number: int) -> None:
        with contextlib.suppress(_RolledBack):
            async with self.database.session(self.actor) as session:
                await orders.note(session, self._order(), f"job {number}", internal=False)
                for name in (INSIDE, OUTSIDE, INSIDE):
                    await enqueue(session, name, {"number": number}, key=f"{number}")
                if number % 10 == 0:
                    raise _RolledBack

    def _order(self) -> UUID:
        return self.chance.choice(self.orders)


class _RolledBack(Exception):
    """On purpose."""
