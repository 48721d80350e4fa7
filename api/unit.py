"""The transactions of one mutation: opened when first asked for, committed at its end or not at all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import Actor
from tenants.engine import Database


class UnitOfWork:
    """Asked twice for the same actor it gives the same session, so a mutation sees its own uncommitted work.

    `first` runs in the first transaction before anything else does. Leaving the block commits, the first transaction
    last; an exception rolls all of them back.
    """

    def __init__(self, database: Database, first: Callable[[AsyncSession], Awaitable[None]] | None = None) -> None:
        self._database = database
        self._first = first
        self._sessions: dict[Actor, AsyncSession] = {}
        self._stack = AsyncExitStack()

    @property
    def first_session(self) -> AsyncSession | None:
        """The session in which `first` ran."""
        return next(iter(self._sessions.values()), None)

    def opened(self, actor: Actor) -> AsyncSession | None:
        """The transaction as `actor` where it has begun."""
        return self._sessions.get(actor)

    async def session(self, actor: Actor) -> AsyncSession:
        """The transaction of this unit that runs as `actor`."""
        if actor not in self._sessions:
            session = await self._stack.enter_async_context(self._database.session(actor))
            alone = not self._sessions
            self._sessions[actor] = session
            if alone and self._first:
                await self._first(session)
        return self._sessions[actor]

    @asynccontextmanager
    async def entered(self, actor: Actor) -> AsyncIterator[AsyncSession]:
        """The same, for the length of a block."""
        yield await self.session(actor)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sessions = {}
        await self._stack.__aexit__(kind, error, trace)
