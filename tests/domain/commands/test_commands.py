"""Commands: accepted once, sent once, answered once, and an emergency stop before everything."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from domain.chargers import connections, registry
from domain.chargers.errors import ChargerRetired, ChargerSuspended, NotEnrolled, UnknownConnector
from domain.chargers.models import Protocol
from domain.commands import delivery
from domain.commands import service as commands
from domain.commands.delivery import CommandAnswer
from domain.commands.errors import CommandEnded, TooManyCommands, UnknownParameter
from domain.commands.models import CommandKind, CommandStatus, DeviceCommand
from domain.errors import InvalidInput, NotFound, PermissionDenied, Required
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.parking import Park, device, shared

START, STOP, SET_POWER = CommandKind.START, CommandKind.STOP, CommandKind.SET_POWER
EMERGENCY, RESET = CommandKind.EMERGENCY_STOP, CommandKind.RESET


async def claim(p: Park, *charger_ids: UUID, process: str = "here") -> list[DeviceCommand]:
    async with p.database.session(SYSTEM) as session:
        return await delivery.claim(session, charger_ids, process)


async def answer(p: Park, command: DeviceCommand, said: CommandAnswer, charger_id: UUID | None = None) -> bool:
    async with p.database.session(SYSTEM) as session:
        return await delivery.answer(session, charger_id or command.charger_id, command.id, said)


async def age(p: Park, command: DeviceCommand, seconds: float) -> None:
    """As if it had been asked for, and sent, so much earlier."""
    ago = timedelta(seconds=seconds)
    earlier = {name: getattr(DeviceCommand, name) - ago for name in ("requested_at", "sent_at", "deadline_at")}
    async with p.database.session(SYSTEM) as session:
        await session.execute(update(DeviceCommand).where(DeviceCommand.id == command.id).values(**earlier))


async def expire(p: Park) -> None:
    async with p.database.session(SYSTEM) as session:
        await delivery.expire(session)


async def test_a_command_goes_from_accepted_to_acknowledged(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    asked = await p.command(charger, SET_POWER, 1, parameters={"powerW": 7400}, by="owner")
    assert (asked.status, asked.requested_by) == (CommandStatus.ACCEPTED, p.actors["owner"].user_id)
    [sent] = await claim(p, charger.id)
    assert (sent.id, sent.status, sent.sent_by) == (asked.id, CommandStatus.SENT, "here")
    assert await answer(p, sent, CommandAnswer(True, "", {"status": "Accepted"}))
    row = await p.command_row(asked.id)
    assert (row.status, row.answer["payload"]) == (CommandStatus.ACKNOWLEDGED, {"status": "Accepted"})
    assert await p.told(asked.id) == [f"device_command.{each}" for each in ("requested", "sent", "acknowledged")]


async def test_two_clicks_at_once_are_one_command(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    both = await asyncio.gather(*[p.command(charger, START, 1, by=who) for who in ("owner", "staff", "owner")])
    assert len({each.id for each in both}) == 1
    other = await p.command(charger, START, 2)
    assert other.id != both[0].id
    [first, second] = await claim(p, charger.id)
    assert await answer(p, first, CommandAnswer(True))
    assert (await p.command(charger, START, 1)).id != first.id
    assert (await p.command(charger, START, 2)).id == second.id


async def test_what_was_asked_last_is_what_is_done_last(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()

    async def power(watts: int, connector: int | None = 1) -> DeviceCommand:
        return await p.command(charger, SET_POWER, connector, parameters={"powerW": watts})

    asked = [await power(7400), await power(3600), await power(7400)]
    assert (await power(7400)).id == asked[-1].id, "a double click of the last"
    await p.command(charger, CommandKind.TRIGGER_MESSAGE, 1, parameters={"message": "MeterValues"})
    assert (await power(7400)).id == asked[-1].id, "what was asked between does not touch it"
    await power(11_000, 2)
    assert (await power(7400)).id == asked[-1].id, "nor does another connector"
    asked.append(await power(0, None))
    asked.append(await power(7400))
    sent = [each.parameters["powerW"] for each in await claim(p, charger.id) if each.id in {a.id for a in asked}]
    assert sent == [7400, 3600, 7400, 0, 7400]


async def test_two_processes_that_ask_at_once_share_the_commands(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    asked = {(await p.command(charger, SET_POWER, parameters={"powerW": w})).id for w in range(10)}
    taken = await asyncio.gather(*[claim(p, charger.id, process=f"p{n}") for n in range(4)])
    ids = [command.id for commands in taken for command in commands]
    assert sorted(ids) == sorted(asked)
    assert await claim(p, charger.id) == []


async def test_what_is_held_by_another_process_is_left_to_it(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    await p.command(charger, RESET)
    async with database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), Protocol.OCPP16, "", "there")
    assert await claim(p, charger.id, process="here") == []
    assert len(await claim(p, charger.id, process="there")) == 1
    assert await claim(p, process="there") == []


async def test_an_emergency_stop_goes_first_and_fails_what_would_start(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    start = await p.command(charger, START, 1)
    power = await p.command(charger, SET_POWER, parameters={"powerW": 7400})
    other, reset = await p.command(charger, START, 2), await p.command(charger, RESET)
    stop = await p.command(charger, EMERGENCY, 1, by="owner")
    assert [each.id for each in await claim(p, charger.id)] == [stop.id, other.id, reset.id]
    for void in (start, power):
        row = await p.command_row(void.id)
        assert (row.status, row.reason) == (CommandStatus.FAILED, "EMERGENCY_STOP")
    assert await p.told(start.id) == ["device_command.requested", "device_command.failed"]


async def test_an_emergency_stop_of_the_whole_charger_voids_all_and_is_never_one_too_many(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    waiting = [await p.command(charger, START, n) for n in (1, 2)]
    for power in range(commands.MOST_WAITING - 2):
        await p.command(charger, SET_POWER, parameters={"powerW": power})
    with pytest.raises(TooManyCommands):
        await p.command(charger, RESET)
    stop = await p.command(charger, EMERGENCY)
    assert [each.id for each in await claim(p, charger.id)] == [stop.id]
    assert {(await p.command_row(each.id)).status for each in waiting} == {CommandStatus.FAILED}


async def test_an_emergency_stop_without_an_answer_is_sent_again(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    stop, reset = await p.command(charger, EMERGENCY), await p.command(charger, RESET)
    assert len(await claim(p, charger.id)) == 2
    assert await claim(p, charger.id) == []
    for each in (stop, reset):
        await age(p, each, 20)
    assert [each.id for each in await claim(p, charger.id)] == [stop.id]


@pytest.mark.parametrize(("sent", "reason"), [(False, "OFFLINE"), (True, "NO_ANSWER")])
async def test_what_is_not_answered_in_time_says_why(database: Database, sent: bool, reason: str) -> None:
    p = await shared(database)
    charger = await p.charger()
    command = await p.command(charger, RESET, timeout_seconds=30)
    if sent:
        await claim(p, charger.id)
    await expire(p)
    assert (await p.command_row(command.id)).status != CommandStatus.TIMED_OUT
    await age(p, command, 31)
    assert await claim(p, charger.id) == []
    await expire(p)
    row = await p.command_row(command.id)
    assert (row.status, row.reason) == (CommandStatus.TIMED_OUT, reason)
    assert await answer(p, command, CommandAnswer(True))
    row = await p.command_row(command.id)
    assert (row.status, row.answer["accepted"]) == (CommandStatus.TIMED_OUT, True)
    assert (await p.told(command.id))[-2:] == ["device_command.timed_out", "device_command.answered_late"]


async def test_what_waits_for_a_charger_that_is_offline_is_sent_when_it_connects(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    command = await p.command(charger, STOP, 1)
    assert (await p.command_row(command.id)).status == CommandStatus.ACCEPTED
    async with database.session(SYSTEM) as session:
        await connections.connect(session, device(charger), Protocol.OCPP201, "", "here")
    [sent] = await claim(p, charger.id)
    async with database.session(SYSTEM) as session:
        await delivery.unsent(session, sent.id)
    assert [each.id for each in await claim(p, charger.id)] == [command.id]
    assert await p.told(command.id) == [f"device_command.{each}" for each in ("requested", "sent", "unsent", "sent")]


async def test_an_answer_counts_once_and_from_its_own_charger(database: Database) -> None:
    p = await shared(database)
    charger, other = await p.charger(), await p.charger()
    command = await p.command(charger, RESET)
    await claim(p, charger.id)
    assert not await answer(p, command, CommandAnswer(True), other.id)
    assert await answer(p, command, CommandAnswer(False, "Rejected\x00" + "x" * 999, {"a": "\x00"}))
    assert not await answer(p, command, CommandAnswer(True))
    row = await p.command_row(command.id)
    assert (row.status, row.reason) == (CommandStatus.FAILED, "Rejected" + "x" * 192)
    assert row.answer["payload"] is None


async def test_taking_back(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    first, second = await p.command(charger, START, 1), await p.command(charger, START, 2)
    async with database.session(p.actors["owner"]) as session:
        assert (await commands.cancel(session, first.id)).reason == commands.CANCELLED
    assert [each.id for each in await claim(p, charger.id)] == [second.id]
    for ended in (first, second):
        with pytest.raises(CommandEnded):
            async with database.session(p.actors["staff"]) as session:
                await commands.cancel(session, ended.id)


async def test_an_emergency_stop_is_taken_back_by_who_asked_for_it_or_staff(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    asked = await p.command(charger, EMERGENCY)
    for who in ("owner", "partner", "technician"):
        with pytest.raises(PermissionDenied):
            async with database.session(p.actors[who]) as session:
                await commands.cancel(session, asked.id)
    async with database.session(p.actors["staff"]) as session:
        await commands.cancel(session, asked.id)
    own = await p.command(charger, EMERGENCY, by="owner")
    async with database.session(p.actors["owner"]) as session:
        assert (await commands.cancel(session, own.id)).reason == commands.CANCELLED


async def test_a_start_is_not_sent_to_a_charger_that_was_suspended_meanwhile(database: Database) -> None:
    p = await shared(database)
    charger = await p.charger()
    start, limit = await p.command(charger, START, 1), await p.command(charger, SET_POWER, 1, parameters={"powerW": 0})
    async with database.session(p.actors["staff"]) as session:
        await registry.suspend(session, charger.id, "Damaged")
    assert [each.id for each in await claim(p, charger.id)] == [limit.id]
    async with database.session(p.actors["staff"]) as session:
        await registry.resume(session, charger.id)
    assert [each.id for each in await claim(p, charger.id)] == [start.id]


REFUSED: list[tuple[CommandKind, int | None, dict[str, Any], type[Exception]]] = [
    (START, None, {}, Required),
    (START, 3, {}, UnknownConnector),
    (SET_POWER, 1, {}, Required),
    (SET_POWER, 1, {"powerW": -1}, InvalidInput),
    (SET_POWER, 1, {"powerW": True}, InvalidInput),
    (SET_POWER, 1, {"powerW": 7400, "x": 1}, UnknownParameter),
    (RESET, None, {"hard": "yes"}, InvalidInput),
    (CommandKind.TRIGGER_MESSAGE, None, {"message": "Explode"}, InvalidInput),
    (CommandKind.DATA_TRANSFER, None, {"vendorId": "x" * 300}, InvalidInput),
]


@pytest.mark.parametrize(("kind", "connector", "parameters", "error"), REFUSED)
async def test_bad_parameters(
    database: Database, kind: CommandKind, connector: int | None, parameters: dict[str, Any], error: type[Exception]
) -> None:
    p = await shared(database)
    charger = await p.charger()
    with pytest.raises(error):
        await p.command(charger, kind, connector, parameters=parameters)


async def test_what_state_a_charger_has_to_be_in(database: Database) -> None:
    p = await shared(database)
    bare, charger = await p.charger(enrolled=False), await p.charger()
    with pytest.raises(NotEnrolled):
        await p.command(bare, RESET)
    async with database.session(p.actors["staff"]) as session:
        await registry.suspend(session, charger.id, "Damaged")
    with pytest.raises(ChargerSuspended):
        await p.command(charger, START, 1)
    await p.command(charger, EMERGENCY)
    async with database.session(p.actors["staff"]) as session:
        await registry.retire(session, charger.id, "Gone")
    assert await claim(p, charger.id) == []
    with pytest.raises(ChargerRetired):
        await p.command(charger, RESET)


async def test_a_driver_sees_a_public_charger_and_commands_none(database: Database) -> None:
    p = await shared(database)
    public, private = await p.public(), await p.charger()
    with pytest.raises(PermissionDenied):
        await p.command(public, START, 1, by="driver")
    for charger, who in ((private, "driver"), (public, "stranger")):
        with pytest.raises(NotFound):
            await p.command(charger, EMERGENCY, by=who)
    for who in ("staff", "technician", "partner", "owner"):
        assert (await p.command(private, EMERGENCY, by=who)).status == CommandStatus.ACCEPTED


@pytest.mark.parametrize("who", ["staff", "owner", "partner", "technician"])
async def test_nobody_says_for_a_charger_that_it_answered(database: Database, who: str) -> None:
    p = await shared(database)
    command = await p.command(await p.charger(), RESET)
    forged = update(DeviceCommand).where(DeviceCommand.id == command.id).values(status="ACKNOWLEDGED")
    with pytest.raises(Exception, match="row-level security"):
        async with database.session(p.actors[who]) as session:
            await session.execute(forged)


async def test_a_command_of_a_charger_is_not_written_for_another_owner(database: Database) -> None:
    """The policy itself, without the domain before it: the driver claims that a public charger is its own."""
    p = await shared(database)
    charger, driver = await p.public(), p.actors["driver"]
    now = datetime.now(UTC)
    forged = DeviceCommand(
        id=uuid4(),
        entity_id=p.entity.id,
        charger_id=charger.id,
        owner_contact_id=driver.contact_id,
        kind=EMERGENCY.value,
        requested_at=now,
        deadline_at=now,
    )
    with pytest.raises(Exception, match="row-level security"):
        async with database.session(driver) as session:
            session.add(forged)
