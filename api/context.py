"""`info.context`: who asks, through which portal, and the transactions to answer in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import strawberry
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from api.cost.charge import Charge
from api.unit import UnitOfWork
from tenants.actor import SYSTEM, Actor
from tenants.brands import BrandFacts
from tenants.engine import Database
from tenants.permissions import Permission
from tenants.settings import Settings

_READ_ONLY = text("SET TRANSACTION READ ONLY")


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What is known of the HTTP request; proxies are believed only where the settings trust them."""

    request_id: str
    ip_address: str = ""
    user_agent: str = ""
    host: str = ""
    """Host name in lower case, without the port."""
    scheme: str = "http"
    idempotency_key: str | None = None


Completer: TypeAlias = Callable[[Any, Any], Awaitable[Any]]
"""(resolve info, payload) → the response data of the mutation field."""


@dataclass(slots=True)
class Context:
    """One request's. A mutation is one transaction: `write()` joins it, and it commits when the mutation answers."""

    actor: Actor
    database: Database
    settings: Settings
    request: RequestFacts
    redis: Redis | None = None
    brand: BrandFacts | None = None
    """The brand of the Host; None where the host is nobody's."""
    language: str = "nl"
    """Of messages: the actor's own, else what the browser asks for, else the brand's."""
    operation: str = ""
    """`query` or `mutation`, once the document is known."""
    spent: int = 0
    """What answering has cost so far: the meter of the texts that PostgreSQL wrote, see `api.reading.jsonsql`."""
    charge: Charge | None = field(default=None, repr=False)
    """What the admitted operation was charged."""
    unit: UnitOfWork | None = field(default=None, repr=False)
    """Set while a mutation runs."""
    executor: Any = field(default=None, repr=False)
    """Set while a mutation runs: what completes its payload, see `api.executor`."""
    previewing: bool = False
    """Whether the mutation that runs is a preview: nothing of it is kept, see `api.previewing`."""
    incremental: bool = False
    """Whether the client takes an answer in parts."""

    @property
    def may_introspect(self) -> bool:
        """Whether the schema may be read: by permission, and by anybody while it is developed against."""
        return self.actor.may(Permission.SCHEMA_READ) or self.settings.environment == "development"

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction as the actor. In a mutation: always the same one, committed at the mutation's end."""
        async with self._session(self.actor) as session:
            yield session

    @asynccontextmanager
    async def system(self) -> AsyncIterator[AsyncSession]:
        """Like `write()`, as the platform on behalf of the actor's user: rights have to be checked by hand."""
        async with self._session(self.platform) as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A read-only transaction as the actor; in a mutation that has begun to write, the one it writes in.

        A second connection while the first is held could wait for itself when all are taken.
        """
        if self.unit is not None and self.unit.opened(self.actor):
            async with self.unit.entered(self.actor) as writing:
                yield writing
            return
        async with self.database.session(self.actor) as session:
            await session.execute(_READ_ONLY)
            yield session

    @property
    def platform(self) -> Actor:
        """The system actor, with the person for whom it works."""
        person = self.actor
        return replace(SYSTEM, user_id=person.user_id, name=person.name, language=person.language, acts_as=person.role)

    @asynccontextmanager
    async def _session(self, actor: Actor) -> AsyncIterator[AsyncSession]:
        if self.unit is not None:
            async with self.unit.entered(actor) as session:
                yield session
            return
        async with self.database.session(actor) as session:
            yield session


Info: TypeAlias = strawberry.Info[Context, None]
"""First argument of every resolver."""
