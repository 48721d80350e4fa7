"""Who may charge where."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain.chargers.credentials import Device
from domain.chargers.models import Charger
from domain.errors import AlreadyExists, DomainError, InvalidState
from domain.sessions import authorizing, tokens
from domain.sessions.models import IdToken, ReportKind, TokenKind
from domain.sessions.tokens import TokenDetails
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.charging import charger_of, charging_yard, happened, row_of, token_of

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {}, "ACCEPTED"),
    ({}, {"status": "BLOCKED"}, "BLOCKED"),
    ({}, {"valid_until": YESTERDAY}, "EXPIRED"),
    ({"access": "PRIVATE"}, {}, "BLOCKED"),
    ({"state": "SUSPENDED"}, {}, "BLOCKED"),
]


@pytest.mark.parametrize(("charger", "token", "status"), CASES)
async def test_a_token_at_a_charger(database: Database, charger: Any, token: Any, status: str) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, **charger)
        if token:
            await session.execute(update(IdToken).where(IdToken.id == yard.token.id).values(**token))
            await session.refresh(yard.token)
        found = await authorizing.authorize(session, yard.device, f" {yard.token.token.lower()} ")
        other = await charging_yard(session)
        assert (await authorizing.authorize(session, other.device, yard.token.token)).status == "INVALID"
    assert (found.status, found.contact_id) == (status, yard.driver.id)


async def test_private_chargers_are_for_owners_their_people_and_who_was_admitted(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, access="PRIVATE")
        owns = await token_of(session, yard.entity, yard.owner)
        assert (await authorizing.authorize(session, yard.device, owns.token)).accepted
        await tokens.change(session, yard.token.id, label="", valid_until=None, charger_ids=[yard.charger.id])
        assert (await authorizing.authorize(session, yard.device, yard.token.token)).accepted
        firm = await factories.organization(session, yard.entity)
        works = await token_of(session, yard.entity, await factories.person(session, yard.entity, firm))
        at_work = await charger_of(session, yard.entity, firm, access="PRIVATE")
        device = Device(at_work.id, yard.entity.id, at_work.identity)
        assert (await authorizing.authorize(session, device, works.token)).accepted
        assert (await authorizing.authorize(session, device, owns.token)).status == "BLOCKED"


async def test_a_token_charges_at_one_charger_at_a_time_unless_both_are_its_holders(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        own = await token_of(session, yard.entity, yard.owner)
        second = await charger_of(session, yard.entity, yard.owner)
        device = Device(second.id, yard.entity.id, second.identity)
        await yard.report(session, ReportKind.STARTED, 0, id_token=yard.token.token)
        await yard.report(session, ReportKind.STARTED, 0, id_token=own.token, connector=2)
        assert (await authorizing.authorize(session, device, yard.token.token)).status == "CONCURRENT_TX"
        assert (await authorizing.authorize(session, yard.device, yard.token.token)).accepted
        assert (await authorizing.authorize(session, device, own.token)).accepted
        await session.execute(update(Charger).where(Charger.id == second.id).values(owner_contact_id=None))
        await session.refresh(second)
        assert (await authorizing.authorize(session, device, own.token)).status == "CONCURRENT_TX"


async def test_a_session_begun_with_a_blocked_token_is_its_holders_and_marked(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        await tokens.block(session, yard.token.id, "lost")
        answer = await yard.report(session, ReportKind.STARTED, 0, id_token=yard.token.token)
        row = await row_of(session, answer.session_id)
    assert (answer.authorization.status, row.marks, row.driver_contact_id) == (
        "BLOCKED",
        ["REFUSED_TOKEN"],
        yard.driver.id,
    )


async def test_nobody_asks_at_a_private_charger_so_its_owner_charges(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session, access="PRIVATE")
        answer = await yard.report(session, ReportKind.STARTED, 0)
        row = await row_of(session, answer.session_id)
    assert (answer.authorization.accepted, row.driver_contact_id) == (True, yard.owner.id)


async def test_tokens_are_registered_once_changed_blocked_and_unblocked(database: Database) -> None:
    async with database.session(SYSTEM) as session:
        yard = await charging_yard(session)
        details = TokenDetails(factories.unique("ab"), yard.driver.id, TokenKind.RFID, "Blue card")
        row = await tokens.register(session, yard.entity.id, details)
        assert row.token == details.token.upper()
        with pytest.raises(AlreadyExists):
            await tokens.register(session, yard.entity.id, details)
        for bad in ("", "x" * 37, "a b", "é"):
            with pytest.raises(DomainError):
                await tokens.register(session, yard.entity.id, TokenDetails(bad, yard.driver.id))
        await tokens.change(session, row.id, label="Red card", valid_until=None, charger_ids=[])
        await tokens.change(session, row.id, label="Red card", valid_until=None, charger_ids=[])
        await tokens.block(session, row.id)
        with pytest.raises(InvalidState):
            await tokens.block(session, row.id)
        await tokens.unblock(session, row.id)
        types = await happened(session, row.id)
    assert types == ["id_token.registered", "id_token.changed", "id_token.blocked", "id_token.unblocked"]
