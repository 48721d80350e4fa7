"""Versions, and which tariff holds where and when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.errors import DomainError
from domain.tariffs import assigning, publishing
from domain.tariffs.models import VersionStatus
from domain.tariffs.terms import Terms, as_json
from domain.tariffs.versions_in_force import terms_of, version_for
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests import factories
from tests.parking import Park, park
from tests.pricing import LONG_AGO, PER_KWH, assigned, later, tariff_of, version_of

NOW = timedelta(seconds=1)


async def held(p: Park, charger_id: UUID, at: datetime | None = None, by: str | None = None) -> UUID | None:
    """The tariff that holds at a charger."""
    async with p.database.session(p.actors[by] if by else SYSTEM) as session:
        found = await version_for(session, charger_id, at or datetime.now(UTC))
        return found.tariff_id if found else None


async def refused(code: str, work: object) -> None:
    with pytest.raises(DomainError) as error:
        await work  # type: ignore[misc]  # a coroutine
    assert error.value.code == code


async def test_the_charger_comes_before_its_owner_and_the_owner_before_the_entity(database: Database) -> None:
    p = await park(database)
    charger = await p.public()
    async with database.session(SYSTEM) as session:
        tariffs = [(await tariff_of(session, p.entity))[0] for _ in range(3)]
    everywhere, owners, own = [each.id for each in tariffs]
    assert await held(p, charger.id) is None
    async with database.session(SYSTEM) as session:
        await assigned(session, tariffs[0])
    assert await held(p, charger.id) == everywhere
    async with database.session(SYSTEM) as session:
        await assigned(session, tariffs[1], owner_contact_id=p.owner.id)
    assert await held(p, charger.id) == owners
    async with database.session(SYSTEM) as session:
        await assigned(session, tariffs[2], charger_id=charger.id)
    assert [await held(p, charger.id, by=who) for who in (None, "driver", "owner", "partner", "staff")] == [own] * 5
    assert [await held(p, charger.id, by="stranger"), await held(p, charger.id, LONG_AGO - NOW)] == [None, None]
    other = await p.public(owner_contact_id=None)
    assert await held(p, other.id) == everywhere


async def test_the_last_version_whose_moment_has_come_holds(database: Database) -> None:
    p = await park(database)
    charger = await p.charger()
    async with database.session(SYSTEM) as session:
        tariff, first = await tariff_of(session, p.entity)
        await assigned(session, tariff)
        dearer = Terms(energy_cents_per_kwh=Decimal(60))
        second = await version_of(session, tariff, dearer, LONG_AGO + timedelta(days=31))
        coming = await publishing.save_draft(session, tariff.id, as_json(PER_KWH))
        await publishing.publish(session, coming.id, later(days=1))
    async with database.session(SYSTEM) as session:
        edge = LONG_AGO + timedelta(days=31)
        found = [
            await version_for(session, charger.id, at) for at in (edge - NOW, edge, datetime.now(UTC), later(days=2))
        ]
        assert [each and each.id for each in found] == [first.id, second.id, second.id, coming.id]
        assert found[1] is not None
        assert terms_of(found[1]) == dearer


async def test_what_is_published_is_never_changed(database: Database) -> None:
    p = await park(database)
    async with database.session(SYSTEM) as session:
        _, version = await tariff_of(session, p.entity)
    for change in ("terms = '{}'", "valid_from = now()", "status = 'DRAFT'", "status = 'WITHDRAWN'"):
        with pytest.raises(DBAPIError, match="does not change once it is published"):
            async with database.session(SYSTEM) as session:
                await session.execute(text(f"UPDATE tariff_version SET {change} WHERE id = :id"), {"id": version.id})
    with pytest.raises(DBAPIError):
        async with database.session(SYSTEM) as session:
            await session.execute(text("DELETE FROM tariff_version WHERE id = :id"), {"id": version.id})


async def test_a_draft_is_published_once_from_now_on_and_taken_back_until_then(database: Database) -> None:
    p = await park(database)
    async with database.session(SYSTEM) as session:
        tariff = await publishing.create(session, entity_id=p.entity.id, code="a-1", name="A", terms={})
        draft = await publishing.save_draft(session, tariff.id, as_json(PER_KWH))
        assert (tariff.code, draft.version) == ("A-1", 1)
        await refused("TARIFF_NOT_PUBLISHED", assigning.assign(session, tariff.id))
        await refused("TARIFF_IN_THE_PAST", publishing.publish(session, draft.id, later(hours=-1)))
        await publishing.publish(session, draft.id, later(hours=1))
        await refused("NOT_A_DRAFT", publishing.publish(session, draft.id))
        again = await publishing.save_draft(session, tariff.id, as_json(PER_KWH))
        await refused("TARIFF_VERSION_STARTS_THEN", publishing.publish(session, again.id, draft.valid_from))
        await publishing.withdraw(session, draft.id)
        await publishing.publish(session, again.id, draft.valid_from)
        third = await publishing.save_draft(session, tariff.id, as_json(PER_KWH))
        await publishing.publish(session, third.id)
        await refused("TARIFF_VERSION_IN_FORCE", publishing.withdraw(session, third.id))
        assert (again.version, third.version, draft.status) == (2, 3, VersionStatus.WITHDRAWN)
        twice = publishing.create(session, entity_id=p.entity.id, code="A-1", name="A", terms={})
        await refused("ALREADY_EXISTS", twice)


async def test_an_assignment_takes_the_place_of_what_held_and_is_undone(database: Database) -> None:
    p = await park(database)
    charger = await p.charger()
    async with database.session(SYSTEM) as session:
        first, second, coming = [(await tariff_of(session, p.entity))[0] for _ in range(3)]
        await assigned(session, first, charger_id=charger.id)
        planned = await assigning.assign(session, coming.id, charger_id=charger.id, valid_from=later(days=9))
        await session.flush()
        made = await assigning.assign(session, second.id, charger_id=charger.id)
        await session.flush()
        id, planned_id = made.id, planned.id
    assert [await held(p, charger.id), await held(p, charger.id, later(days=8))] == [second.id, second.id]
    assert await held(p, charger.id, later(days=9)) == coming.id
    async with database.session(SYSTEM) as session:
        again = await assigning.undo(session, id)
        assert again is not None
        await refused("TARIFF_ASSIGNMENT_ENDED", assigning.undo(session, id))
    assert [await held(p, charger.id), await held(p, charger.id, later(days=9))] == [first.id, coming.id]
    async with database.session(SYSTEM) as session:
        await assigning.undo(session, planned_id)
    assert await held(p, charger.id, later(days=9)) == first.id
    async with database.session(SYSTEM) as session:
        await assigned(session, second)
        [open_now] = (
            await session.execute(
                text("SELECT id FROM tariff_assignment WHERE charger_id = :id AND valid @> now() ORDER BY created_at"),
                {"id": charger.id},
            )
        ).scalars()
        await assigning.end(session, open_now)
    assert await held(p, charger.id) == second.id


async def test_an_owners_tariff_holds_at_its_own_chargers_only(database: Database) -> None:
    p = await park(database)
    mine, others = await p.charger(), await p.charger(owner_contact_id=None)
    async with database.session(SYSTEM) as session:
        tariff, _ = await tariff_of(session, p.entity, owner_contact_id=p.owner.id)
        foreign, _ = await tariff_of(session, await factories.business_entity(session))
        await refused("TARIFF_OF_ANOTHER_OWNER", assigning.assign(session, tariff.id))
        await refused("TARIFF_OF_ANOTHER_OWNER", assigning.assign(session, tariff.id, charger_id=others.id))
        both = assigning.assign(session, tariff.id, charger_id=mine.id, owner_contact_id=p.owner.id)
        await refused("ONE_TARIFF_TARGET", both)
        await refused("NOT_FOUND", assigning.assign(session, foreign.id, charger_id=mine.id))
        await assigned(session, tariff, owner_contact_id=p.owner.id)
    assert [await held(p, mine.id), await held(p, others.id)] == [tariff.id, None]
