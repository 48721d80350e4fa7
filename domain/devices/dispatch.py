"""The way of a command to the process that holds its charger, and the clock of everything about connections.

A process hears of a command through PostgreSQL's notifications, asks when one of its chargers connects, and asks each
second for what it missed. Losing PostgreSQL costs it nothing but time: it begins anew.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from domain.chargers import connections, statuses
from domain.chargers.signals import DISMISSED
from domain.commands import delivery
from domain.commands.delivery import CommandAnswer
from domain.commands.models import DeviceCommand
from domain.commands.service import NOTIFIED
from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.engine import Database

SWEEP_SECONDS = 1.0
HOLD_SECONDS = 20.0
"""How often a process says which chargers are connected to it; a fraction of `connections.LOST`."""
TIDY_SECONDS = 2.0
_LONGEST_PAUSE = 5.0
_ONE_TIDIES = 0x6465_7669_6365  # an arbitrary constant: the advisory lock of whoever tidies

_log = structlog.get_logger(__name__)
Connected = Callable[[], Collection[UUID]]
Send = Callable[[DeviceCommand], Awaitable[None]]
Dismiss = Callable[[UUID], Awaitable[None]]


class CannotSend(Exception):
    """What a charger's protocol has no message for; its text is the reason that the command fails with."""


class Dispatcher:
    """`run` it beside the connections of a process.

    `connected`: the chargers whose connection this process holds. `send` writes a command to its charger, and may
    return before the charger has answered (Port.answered); a ConnectionError puts the command back, CannotSend fails
    it. `dismiss` closes the connection of a charger that is retired, has lost its credentials, or is elsewhere now.
    """

    def __init__(
        self,
        database: Database,
        process: str,
        connected: Connected,
        send: Send,
        dismiss: Dismiss | None = None,
        *,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._database = database
        self._process = process
        self._connected = connected
        self._send = send
        self._dismiss = dismiss
        self._sweep = sweep_seconds
        self._woken = asyncio.Event()
        self._doubtful: set[UUID] = set()
        self._held = self._tidied = 0.0
        self._sending: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """A charger has connected: ask for what waits for it."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled."""
        pause = 0.1
        try:
            while True:
                try:
                    async with self._listening() as connection:
                        pause = 0.1
                        await self._work(connection)
                except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                    _log.warning("dispatcher_lost_database", error=type(error).__name__)
                    await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  # spreads who comes back
                    pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            for task in self._sending:
                task.cancel()

    async def _work(self, connection: "asyncpg.Connection[Any]") -> None:
        while not connection.is_closed():
            await self.turn()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._sweep):
                    await self._woken.wait()
            self._woken.clear()
        raise ConnectionResetError("notifications")

    async def turn(self, *, settle: bool = False) -> None:
        """Send what waits; look after connections when it is time to. `settle`: return when all is sent."""
        await self._send_all()
        if settle and self._sending:
            await asyncio.wait(set(self._sending))
        await self._close_doubtful()
        now = time.monotonic()
        if now - self._held >= HOLD_SECONDS:
            self._held = now
            await self._hold(self._connected())
        if now - self._tidied >= TIDY_SECONDS:
            self._tidied = now
            await tidy(self._database)

    @contextlib.asynccontextmanager
    async def _listening(self) -> "AsyncIterator[asyncpg.Connection[Any]]":
        connection = await self._database.connection(Audience.SYSTEM, "chargecars-dispatcher")
        try:
            connection.add_termination_listener(lambda _: self._woken.set())
            await connection.add_listener(NOTIFIED, lambda *said: self._told(said[-1]))
            await connection.add_listener(DISMISSED, lambda *said: self._doubted(said[-1]))
            yield connection
        finally:
            connection.terminate()

    def _told(self, charger_id: Any) -> None:
        if UUID(str(charger_id)) in self._connected():
            self._woken.set()

    def _doubted(self, charger_id: Any) -> None:
        if (id := UUID(str(charger_id))) in self._connected():
            self._doubtful.add(id)
            self._woken.set()

    # --- commands -------------------------------------------------------------------------------------------------

    async def _send_all(self) -> None:
        """Claim until nothing is left; each command goes its own way, begun in the order of the claim."""
        while charger_ids := list(self._connected()):
            async with self._database.session(SYSTEM) as session:
                claimed = await delivery.claim(session, charger_ids, self._process)
            for command in claimed:
                task = asyncio.create_task(self._send_one(command))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            if not claimed:
                return

    async def _send_one(self, command: DeviceCommand) -> None:
        try:
            await self._send(command)
        except CannotSend as error:
            await self._note(command, CommandAnswer(False, str(error)))
        except (ConnectionError, TimeoutError):
            await self._note(command, None)
        except Exception:
            _log.exception("command_not_sent", command_id=str(command.id), kind=command.kind)
            await self._note(command, CommandAnswer(False, "SEND_FAILED"))

    async def _note(self, command: DeviceCommand, said: CommandAnswer | None) -> None:
        """None: it was not sent, and waits for the next connection. Lost where the database is: it then times out."""
        with contextlib.suppress(SQLAlchemyError, OSError):
            async with self._database.session(SYSTEM) as session:
                if said is None:
                    await delivery.unsent(session, command.id)
                else:
                    await delivery.answer(session, command.charger_id, command.id, said)

    # --- connections ----------------------------------------------------------------------------------------------

    async def _close_doubtful(self) -> None:
        doubtful, self._doubtful = self._doubtful, set()
        await self._hold(doubtful & set(self._connected()))

    async def _hold(self, charger_ids: Collection[UUID]) -> None:
        if not charger_ids:
            return
        async with self._database.session(SYSTEM) as session:
            gone = await connections.hold(session, self._process, charger_ids)
        if self._dismiss is None:
            return
        for charger_id in gone:
            with contextlib.suppress(ConnectionError, TimeoutError):
                await self._dismiss(charger_id)


async def tidy(database: Database) -> bool:
    """Commands whose time is over, connections that died with their process, what is left to be told of both.

    One process at a time does it; whether it was this one.
    """
    async with database.session(SYSTEM) as session:
        if not (await session.execute(select(func.pg_try_advisory_xact_lock(_ONE_TIDIES)))).scalar_one():
            return False
        await delivery.expire(session)
        await connections.end_lost(session)
        await connections.tell(session)
        await statuses.tell(session)
        return True
