"""The transaction of a mutation that is a preview: one for everybody it works as, always rolled back.

It is opened as the platform and takes the actor's role for the resolver (`SET LOCAL ROLE`): grants and row-level
security are those of an ordinary mutation. That way what follows, which is the platform's work, is done in the same
transaction and sees what the resolver did.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import TracebackType

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from api.unit import UnitOfWork
from domain.previews import recording
from tenants.acting import become
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database


class NotKept(Exception):
    """What rolls a preview back."""


class PreviewUnit(UnitOfWork):
    """A session per actor over one connection; entering a block takes the role, leaving it gives it back."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._connection: AsyncConnection | None = None
        self._current = SYSTEM

    async def session(self, actor: Actor) -> AsyncSession:
        """The session of an actor; `entered` makes it work as the actor."""
        if actor not in self._sessions:
            if self._connection is None:
                self._connection = await self._begin()
            made = AsyncSession(self._connection, expire_on_commit=False, info={"actor": actor})
            self._sessions[actor] = await self._stack.enter_async_context(made)
        return self._sessions[actor]

    async def _begin(self) -> AsyncConnection:
        whole = await self._stack.enter_async_context(self._database.session(SYSTEM))
        await recording.begin(whole)
        return await whole.connection()

    @asynccontextmanager
    async def entered(self, actor: Actor) -> AsyncIterator[AsyncSession]:
        before = self._current
        session = await self.session(actor)
        await self._turn(actor)
        try:
            yield session
        except BaseException:
            with suppress(DBAPIError):  # the transaction may have ended with what is raised
                await self._turn(before)
            raise
        await self._turn(before)

    async def _turn(self, actor: Actor) -> None:
        if self._current in self._sessions:
            await self._sessions[self._current].flush()
        self._current = actor
        await become(await self.session(actor), actor)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        error = error or NotKept()
        await super().__aexit__(type(error), error, trace)
