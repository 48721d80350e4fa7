"""The way of a command to the process that holds its charger, whatever dies meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import pytest

from domain.chargers import connections, credentials, registry
from domain.chargers.models import Charger, Protocol
from domain.commands.models import CommandKind, CommandStatus, DeviceCommand
from domain.devices.dispatch import CannotSend, Dispatcher, tidy
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.parking import Park, device, process, shared

_PATIENCE = 5.0


@dataclass
class Holder:
    """A process with chargers connected to it."""

    database: Database
    name: str = field(default_factory=process)
    held: set[UUID] = field(default_factory=set)
    sent: "asyncio.Queue[DeviceCommand]" = field(default_factory=asyncio.Queue)
    dismissed: "asyncio.Queue[UUID]" = field(default_factory=asyncio.Queue)
    fault: Exception | None = None

    def dispatcher(self, sweep_seconds: float = 60.0) -> Dispatcher:
        return Dispatcher(
            self.database, self.name, lambda: self.held, self._send, self._dismiss, sweep_seconds=sweep_seconds
        )

    @contextlib.asynccontextmanager
    async def running(self, sweep_seconds: float = 60.0) -> AsyncIterator[Dispatcher]:
        """Dispatching; with this sweep it hears of commands by notifications, or not at all."""
        dispatcher = self.dispatcher(sweep_seconds)
        task = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def connect(self, charger: Charger) -> None:
        async with self.database.session(SYSTEM) as session:
            await connections.connect(session, device(charger), Protocol.OCPP16, "192.0.2.7", self.name)
        self.held.add(charger.id)

    async def next(self) -> DeviceCommand:
        return await asyncio.wait_for(self.sent.get(), _PATIENCE)

    async def _send(self, command: DeviceCommand) -> None:
        if self.fault is not None:
            raise self.fault
        await self.sent.put(command)

    async def _dismiss(self, charger_id: UUID) -> None:
        self.held.discard(charger_id)
        await self.dismissed.put(charger_id)


async def test_a_command_reaches_the_process_that_holds_the_charger(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    one, other = Holder(database), Holder(database)
    await other.connect(charger)
    async with one.running(), other.running() as dispatcher:
        dispatcher.wake()
        sent = [await p.command(charger, kind) for kind in (CommandKind.RESET, CommandKind.EMERGENCY_STOP)]
        assert {(await other.next()).id, (await other.next()).id} == {command.id for command in sent}
    assert one.sent.empty()


async def test_what_waited_goes_when_the_charger_connects_the_emergency_first(database: Database) -> None:
    p = await shared(database)
    charger, holder = await p.charger(), Holder(database)
    start = await p.command(charger, CommandKind.START, 1)
    reset = await p.command(charger, CommandKind.RESET)
    stop = await p.command(charger, CommandKind.EMERGENCY_STOP)
    async with holder.running() as dispatcher:
        await holder.connect(charger)
        dispatcher.wake()
        assert [(await holder.next()).id, (await holder.next()).id] == [stop.id, reset.id]
    assert (await p.command_row(start.id)).status == CommandStatus.FAILED


async def test_one_turn_sends_what_no_notification_told_of(database: Database) -> None:
    p = await shared(database)
    charger, holder = await p.charger(), Holder(database)
    command = await p.command(charger, CommandKind.RESET)
    await holder.connect(charger)
    await holder.dispatcher().turn()
    assert (await holder.next()).id == command.id


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        (CannotSend("NOT_SUPPORTED"), CommandStatus.FAILED, "NOT_SUPPORTED"),
        (RuntimeError("bug"), CommandStatus.FAILED, "SEND_FAILED"),
        (ConnectionError("gone"), CommandStatus.ACCEPTED, "NOT_SENT"),
    ],
)
async def test_what_cannot_be_sent(database: Database, fault: Exception, status: CommandStatus, reason: str) -> None:
    p = await shared(database)
    charger, holder = await p.charger(), Holder(database, fault=fault)
    command = await p.command(charger, CommandKind.RESET)
    await holder.connect(charger)
    dispatcher = holder.dispatcher()
    await dispatcher.turn(settle=True)
    row = await p.command_row(command.id)
    assert (row.status, row.reason) == (status, reason)
    holder.fault = None
    await dispatcher.turn(settle=True)
    assert holder.sent.qsize() == (1 if status is CommandStatus.ACCEPTED else 0)


async def test_it_begins_anew_when_its_connection_is_killed(
    database: Database, test_run: dict[str, str], settings: object
) -> None:
    p = await shared(database)
    charger, holder = await p.charger(), Holder(database)
    await holder.connect(charger)
    superuser = await asyncpg.connect(test_run["super"])
    async with holder.running():
        await p.command(charger, CommandKind.RESET)
        await holder.next()
        killed = await superuser.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1",
            "chargecars-dispatcher",
        )
        assert killed >= 1
        await p.command(charger, CommandKind.UNLOCK, 1)
        assert (await holder.next()).kind == CommandKind.UNLOCK
    await superuser.close()


async def test_who_takes_over_a_charger_has_the_other_let_go(database: Database) -> None:
    p = await shared(database)
    charger, one, other = await p.charger(), Holder(database), Holder(database)
    await one.connect(charger)
    async with one.running() as dispatcher, other.running():
        await _listening(p, one, charger, dispatcher)
        await other.connect(charger)
        assert await asyncio.wait_for(one.dismissed.get(), _PATIENCE) == charger.id
    assert other.dismissed.empty()


@pytest.mark.parametrize("how", ["retired", "rotated"])
async def test_who_is_not_welcome_any_more_is_let_go_at_once(database: Database, how: str) -> None:
    p = await shared(database)
    charger, holder = await p.charger(), Holder(database)
    await holder.connect(charger)
    async with holder.running() as dispatcher:
        await _listening(p, holder, charger, dispatcher)
        if how == "retired":
            async with database.session(p.actors["staff"]) as session:
                await registry.retire(session, charger.id, "Gone")
        else:
            async with database.session(SYSTEM) as session:
                await credentials.rotate(session, charger.id, overlap_seconds=0)
        assert await asyncio.wait_for(holder.dismissed.get(), _PATIENCE) == charger.id


async def _listening(p: Park, holder: Holder, charger: Charger, dispatcher: Dispatcher) -> None:
    """A command has come through, so notifications do."""
    dispatcher.wake()
    command = await p.command(charger, CommandKind.RESET)
    assert (await holder.next()).id == command.id


async def test_one_process_tidies_at_a_time(database: Database) -> None:
    outcomes = await asyncio.gather(*[tidy(database) for _ in range(3)])
    assert any(outcomes)
