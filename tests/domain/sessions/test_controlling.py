"""Sessions that are started, stopped and paused by command: they follow what the charger answers."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers import statuses
from domain.chargers.models import Charger, Connector, ConnectorStatus
from domain.chargers.reports import ConnectorReport
from domain.commands import delivery
from domain.commands.delivery import CommandAnswer
from domain.commands.models import DeviceCommand
from domain.errors import DomainError, InvalidState
from domain.sessions import controlling, reactions, rules
from domain.sessions.controlling import Wanted
from domain.sessions.errors import ConnectorOccupied, SessionEnded, TokenNotAccepted
from domain.sessions.models import ChargingSession, ReportKind, SessionState
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.charging import Yard, after, charging_yard, happened, last_event, row_of, token_of

STARTED, ENDED = ReportKind.STARTED, ReportKind.ENDED
NOW = 2 * 24 * 60 + 1.0
"""Minutes after the time at which the tests' sessions begin otherwise."""


async def _commands(session: AsyncSession, row: ChargingSession) -> list[DeviceCommand]:
    query = select(DeviceCommand).where(DeviceCommand.charger_id == row.charger_id).order_by(DeviceCommand.created_at)
    return list((await session.execute(query.execution_options(populate_existing=True))).scalars())


async def _answer(session: AsyncSession, yard: Yard, command: DeviceCommand, *, accepted: bool = True) -> None:
    """The charger answers, and sessions react."""
    await delivery.claim(session, [yard.charger.id], "here")
    await delivery.answer(session, yard.charger.id, command.id, CommandAnswer(accepted, "" if accepted else "Rejected"))
    await reactions.react(session, await last_event(session, command.id))


async def _started(session: AsyncSession, yard: Yard, **wanted: Any) -> ChargingSession:
    row = await controlling.start(session, Wanted(yard.charger.id, 1, driver_contact_id=yard.driver.id, **wanted))
    await yard.report(session, STARTED, NOW, meter_wh=0, id_token=row.id_token)
    return await row_of(session, row.id)


async def test_a_driver_starts_and_stops(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        asked = await controlling.start(
            session, Wanted(yard.charger.id, 1, driver_contact_id=yard.driver.id, target_wh=10_000)
        )
        (command,) = await _commands(session, asked)
        assert (asked.state, asked.driver_contact_id, asked.number[4:7]) == ("STARTING", yard.driver.id, "-S-")
        assert (command.kind, command.parameters, len(asked.id_token or "")) == (
            "START",
            {"idToken": asked.id_token},
            20,
        )
        await _answer(session, yard, command)
        begun = await yard.report(session, STARTED, NOW, meter_wh=500, id_token=asked.id_token)
        row = await row_of(session, asked.id)
        assert (begun.session_id, row.state, row.transaction_id) == (row.id, "ACTIVE", "1")
        for _ in range(2):
            await controlling.stop(session, row.id)
        _, stop = await _commands(session, row)
        assert (stop.kind, stop.parameters, stop.session_id) == ("STOP", {"transactionId": "1"}, row.id)
        await _answer(session, yard, stop)
        await yard.report(session, ENDED, NOW + 5, transaction_id="1", meter_wh=900, reason="Remote")
        types = await happened(session, row.id)
    assert types == ["session.requested", "session.started", "session.stop_requested", "session.completed"]


async def test_the_same_driver_gets_the_same_session_and_the_next_none(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        wanted = Wanted(yard.charger.id, 1, id_token=yard.token.token.lower())
        first = await controlling.start(session, wanted)
        assert (await controlling.start(session, wanted)).id == first.id
        other = await token_of(session, yard.entity, yard.owner)
        with pytest.raises(ConnectorOccupied):
            await controlling.start(session, Wanted(yard.charger.id, 1, id_token=other.token))
        second = await controlling.start(session, Wanted(yard.charger.id, 2, id_token=other.token))
        assert len(await _commands(session, first)) == 2
    assert (second.connector, second.id != first.id) == (2, True)


async def test_two_processes_start_one_session(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)

    async def one(token: str) -> UUID | str:
        try:
            async with database.session(SYSTEM) as session:
                return (await controlling.start(session, Wanted(yard.charger.id, 1, id_token=token))).id
        except DomainError as error:
            return error.code

    async with database.session(SYSTEM) as session:
        other = await token_of(session, yard.entity, yard.owner)
    found = await asyncio.gather(*(one(token) for token in [yard.token.token, other.token] * 2))
    assert len(set(found)) == 2
    assert "CONNECTOR_OCCUPIED" in found


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"charger": {"state": "SUSPENDED"}}, "CHARGER_NOT_IN_SERVICE"),
        ({"connector": {"status": "FAULTED", "status_at": after(0)}}, "CONNECTOR_NOT_USABLE"),
        ({"charger": {"access": "PRIVATE"}}, "TOKEN_NOT_ACCEPTED"),
        ({"wanted": {"connector": 3}}, "UNKNOWN_CONNECTOR"),
        ({"wanted": {"driver_contact_id": None}}, "DRIVER_REQUIRED"),
        ({"wanted": {"id_token": "NOBODY"}}, "TOKEN_NOT_ACCEPTED"),
        ({"wanted": {"target_wh": 0}}, "OUT_OF_RANGE"),
    ],
)
async def test_what_is_refused(database: Database, values: dict[str, Any], code: str) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        if charger := values.get("charger"):
            await session.execute(update(Charger).where(Charger.id == yard.charger.id).values(**charger))
        if connector := values.get("connector"):
            await session.execute(update(Connector).where(Connector.charger_id == yard.charger.id).values(**connector))
        given = {"charger_id": yard.charger.id, "connector": 1, "driver_contact_id": yard.driver.id}
        with pytest.raises(DomainError) as refused:
            await controlling.start(session, Wanted(**(given | values.get("wanted", {}))))
    assert refused.value.code == code


async def test_a_start_that_the_charger_refuses_never_began(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await controlling.start(session, Wanted(yard.charger.id, 1, id_token=yard.token.token))
        await _answer(session, yard, (await _commands(session, row))[0], accepted=False)
        row = await row_of(session, row.id)
        types = await happened(session, row.id)
    assert (row.state, row.marks, row.stop_reason) == ("COMPLETED", ["NEVER_STARTED"], "Rejected")
    assert types == ["session.requested", "session.start_failed"]


async def test_a_start_is_taken_back_while_it_waits_and_stopped_when_it_was_sent(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await controlling.start(session, Wanted(yard.charger.id, 1, id_token=yard.token.token))
        row = await controlling.stop(session, row.id)
        assert (row.state, row.stop_reason) == ("COMPLETED", "CANCELLED")
        row = await controlling.start(session, Wanted(yard.charger.id, 1, id_token=yard.token.token))
        await delivery.claim(session, [yard.charger.id], "here")
        row = await controlling.stop(session, row.id)
        assert row.state == SessionState.STARTING
        await yard.report(session, STARTED, NOW, meter_wh=0, id_token=yard.token.token)
        assert [c.kind for c in await _commands(session, row)] == ["START", "START", "STOP"]


async def test_a_session_pauses_and_resumes_when_the_charger_says_so(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await _started(session, yard)
        await _answer(session, yard, (await _commands(session, row))[0])
        for _ in range(2):
            await controlling.pause(session, row.id)
        assert (await row_of(session, row.id)).state == "ACTIVE"
        await _answer(session, yard, (await _commands(session, row))[-1])
        assert (await row_of(session, row.id)).state == "PAUSED"
        await controlling.resume(session, row.id)
        await _answer(session, yard, (await _commands(session, row))[-1], accepted=False)
        assert (await row_of(session, row.id)).state == "PAUSED"
        await controlling.resume(session, row.id)
        await _answer(session, yard, (await _commands(session, row))[-1])
        commands, types = await _commands(session, row), await happened(session, row.id)
        assert (await row_of(session, row.id)).state == "ACTIVE"
    assert [c.parameters for c in commands[1:]] == [{"powerW": 0}, {"powerW": 22_000}, {"powerW": 22_000}]
    assert types[2:] == ["session.paused", "session.command_failed", "session.resumed"]


async def test_a_session_that_ends_in_a_pause_leaves_its_connector_with_power(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await _started(session, yard)
        await controlling.pause(session, row.id)
        await _answer(session, yard, (await _commands(session, row))[-1])
        await yard.report(session, ENDED, NOW + 5, transaction_id="1", meter_wh=1)
        for _ in range(2):
            await reactions.react(session, await last_event(session, row.id))
        commands = await _commands(session, row)
    assert [(c.parameters, c.session_id) for c in commands[-2:]] == [
        ({"powerW": 0}, row.id),
        ({"powerW": 22_000}, None),
    ]


async def test_the_status_of_a_connector_pauses_its_session(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        begun = await yard.report(session, STARTED, 0, meter_wh=0)
        await statuses.report(
            session, yard.charger.id, ConnectorReport(1, ConnectorStatus.SUSPENDED_EV, None, after(9))
        )
        for _ in range(2):
            await reactions.react(session, await last_event(session, yard.charger.id))
        row = await row_of(session, begun.session_id)
        assert (row.state, row.paused_at) == ("PAUSED", after(9))
        await yard.report(session, ENDED, 30, transaction_id="1", meter_wh=5)
        row = await row_of(session, begun.session_id)
    assert (row.paused_seconds, row.paused_at) == (21 * 60, None)


async def test_staff_close_what_does_not_end_and_nothing_twice(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await _started(session, yard)
        row = await controlling.close_by_hand(session, row.id)
        assert (row.closed_by, {"CLOSED_BY_STAFF", "NO_STOP"} <= set(row.marks)) == ("STAFF", True)
        for work in (controlling.close_by_hand, controlling.stop, controlling.pause, controlling.resume):
            with pytest.raises(SessionEnded):
                await work(session, row.id)


async def test_what_has_not_begun_neither_pauses_nor_resumes(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await controlling.start(session, Wanted(yard.charger.id, 1, id_token=yard.token.token))
        for work in (controlling.pause, controlling.resume):
            with pytest.raises(InvalidState):
                await work(session, row.id)


async def test_the_last_click_counts_whatever_was_sent_meanwhile(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        id = (await yard.report(session, ReportKind.STARTED, 0, meter_wh=0)).session_id
        for _ in range(2):
            await controlling.pause(session, id)
            await controlling.resume(session, id)
        assert await _powers(session, id) == []
        await controlling.pause(session, id)
        await delivery.claim(session, [yard.charger.id], "here")
        for _ in range(2):
            await controlling.resume(session, id)
        assert await _powers(session, id) == [0, 22_000]
        await controlling.pause(session, id)
        assert await _powers(session, id) == [0]


async def _powers(session: AsyncSession, id: UUID) -> list[int]:
    """What the charger has yet to answer."""
    c = DeviceCommand
    waiting = select(c.parameters["powerW"].as_integer()).where(c.session_id == id, c.status.in_(["ACCEPTED", "SENT"]))
    return list((await session.execute(waiting.order_by(c.requested_at))).scalars())


async def test_one_token_starts_at_one_charger_from_however_many_processes(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        first = await charging_yard(session)
        second = await charging_yard(session, first.entity)

    async def start(at: Yard) -> str:
        async with database.session(SYSTEM) as session:
            try:
                await controlling.start(session, Wanted(at.charger.id, 1, first.token.token))
            except TokenNotAccepted as refused:
                return str(refused.parameters["status"])
            return "ok"

    assert sorted(await asyncio.gather(start(first), start(second))) == ["CONCURRENT_TX", "ok"]


async def test_what_is_told_to_stop_before_it_began_stops_by_whatever_says_that_it_did(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, protocol="MQTT")
        row = await controlling.start(session, Wanted(yard.charger.id, 1, yard.token.token))
        await delivery.claim(session, [yard.charger.id], "here")
        await controlling.stop(session, row.id)
        minutes = (datetime.now(UTC) - after(0)).total_seconds() / 60
        await yard.report(session, ReportKind.UPDATED, minutes, transaction_id="t")
        kinds = select(DeviceCommand.kind).where(DeviceCommand.session_id == row.id, DeviceCommand.status == "ACCEPTED")
        assert list((await session.execute(kinds)).scalars()) == ["STOP"]


@pytest.mark.parametrize("kind", [STARTED, ENDED])
async def test_what_a_charger_tells_of_earlier_is_not_what_was_asked_for(database: Database, kind: ReportKind) -> None:
    """Nor does it take the place of it: the charger still begins with what it was asked for."""
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await controlling.start(session, Wanted(yard.charger.id, 1, yard.token.token, target_wh=9_000))
        earlier = await yard.report(session, kind, 60, connector=1, meter_wh=5_000, offline=kind is STARTED)
        if kind is STARTED:
            await yard.report(session, ENDED, 90, transaction_id=earlier.transaction_id, meter_wh=7_000)
        begun = await yard.report(session, STARTED, NOW, meter_wh=8_000, id_token=row.id_token)
        told, asked = await row_of(session, earlier.session_id), await row_of(session, row.id)
    assert (told.id != row.id, told.state, told.driver_contact_id) == (True, "COMPLETED", None)
    assert (begun.session_id, asked.state, asked.target_wh) == (row.id, "ACTIVE", 9_000)


async def test_a_charger_that_was_retired_in_a_pause_is_told_nothing_more(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        row = await _started(session, yard)
        await controlling.pause(session, row.id)
        await _answer(session, yard, (await _commands(session, row))[-1])
        charger = await session.get_one(Charger, yard.charger.id)
        charger.state = "RETIRED"
        await session.flush()
        assert await rules.close_if_stale(session, row.id) is rules.Rule.CHARGER_RETIRED
        await reactions.react(session, await last_event(session, row.id))
        assert len(await _commands(session, row)) == 2
