"""The daily erasure: all that are due, each once, whatever becomes of the others."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from domain.contacts import privacy
from domain.contacts.models import Contact
from domain.events.models import Event
from domain.geo.models import GeocodeCache
from domain.mail import service as mail
from domain.mail.models import MailMessage, MailStatus
from tenants.actor import SYSTEM
from tenants.auth import clock
from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.leads.world import World, make
from workers.crontab import CRONTAB
from workers.retention import erase_quiet_leads, forget_old_texts


@pytest.fixture
async def world(fresh_database: Any, database: Database) -> AsyncIterator[World]:
    """A database of its own: retention looks at everybody, from a day on which all is old."""
    own = Database(await fresh_database(), database._password)
    yield await make(own, lead_retention_days=30)
    await own.close()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day on which every lead was quiet for long."""
    at = datetime.now(UTC) + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: at)


async def people(world: World, count: int) -> list[UUID]:
    return [(await world.lead(name=f"Zoek {number}")).contact_id for number in range(count)]


async def left(world: World) -> set[UUID]:
    async with world.system() as session:
        query = select(Contact.id).where(Contact.contact_type == "PERSON", Contact.erased_at.is_(None))
        return set((await session.scalars(query)).all())


@pytest.mark.usefixtures("later")
async def test_the_crontab_erases_who_is_due(world: World, settings: Settings) -> None:
    await people(world, 2)
    [scheduled] = [entry for entry in CRONTAB if entry.name == "forget_personal_data"]
    assert scheduled.every == timedelta(days=1)
    await scheduled.work(world.database, settings)
    assert await left(world) == set()


async def test_nothing_is_erased_early(world: World) -> None:
    ids = await people(world, 2)
    assert await erase_quiet_leads(world.database) == 0
    assert await left(world) == set(ids)


@pytest.mark.usefixtures("later")
async def test_a_run_takes_so_many_and_the_next_the_rest(world: World) -> None:
    await people(world, 3)
    assert [await erase_quiet_leads(world.database, most=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.usefixtures("later")
async def test_simultaneous_runs_erase_each_person_once(world: World) -> None:
    ids = await people(world, 4)
    done = await asyncio.gather(*(erase_quiet_leads(world.database) for _ in range(2)))
    assert sum(done) == 4
    async with world.system() as session:
        query = select(func.count()).select_from(Event).where(Event.type == "contact.erased")
        assert await session.scalar(query.where(Event.subject_id.in_(ids))) == 4


@pytest.mark.usefixtures("later")
async def test_a_person_that_is_being_changed_is_left_for_later(world: World) -> None:
    [busy, _] = await people(world, 2)
    async with world.system() as session:
        await session.execute(update(Contact).where(Contact.id == busy).values(language="en"))
        assert await asyncio.wait_for(erase_quiet_leads(world.database), 30) == 1
    assert await left(world) == {busy}
    assert await erase_quiet_leads(world.database) == 1


@pytest.mark.usefixtures("later")
async def test_one_that_fails_is_logged_by_its_id_and_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [broken, *_] = await people(world, 3)
    erase = privacy.erase

    async def fails(session: Any, eraser: Any, id: UUID) -> Contact:
        contact = await erase(session, eraser, id)
        if id == broken:
            raise RuntimeError("Zoek 0 is not erased")
        return contact

    monkeypatch.setattr(privacy, "erase", fails)
    with capture_logs() as logs:
        assert await erase_quiet_leads(world.database) == 2
    assert await left(world) == {broken}
    [line] = logs
    assert (line["event"], line["contact_id"]) == ("erasure_failed", str(broken))
    assert "Zoek" not in str(line)


async def test_texts_of_old_mail_are_forgotten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.system() as session:
        for status in MailStatus:
            await mail.queue_mail(session, entity_id=world.entity.id, to=f"{status}@example.nl", subject="s", body="b")
            row = update(MailMessage).where(MailMessage.recipient == f"{status}@example.nl".lower())
            await session.execute(row.values(status=status.value))
        queued_at = (await session.execute(select(func.max(MailMessage.created_at)))).scalar_one()
    forgotten = {}
    for wait in (mail.BODIES_KEPT, mail.BODIES_KEPT + timedelta(microseconds=1)):
        monkeypatch.setattr(clock, "now", lambda wait=wait: queued_at + wait)
        await forget_old_texts(world.database)
        async with world.system() as session:
            rows = await session.scalars(select(MailMessage.status).where(MailMessage.body.is_(None)))
            forgotten[wait] = set(rows.all())
    assert list(forgotten.values()) == [set(), {MailStatus.SENT, MailStatus.FAILED}]


async def test_addresses_that_were_looked_up_long_ago_are_forgotten(world: World) -> None:
    async with world.system() as session:
        for question, days in (("old", -1), ("new", 1)):
            until = datetime.now(UTC) + timedelta(days=days)
            session.add(GeocodeCache(question=question, places=[], expires_at=until))
    assert await forget_old_texts(world.database) == 1
    async with world.database.session(SYSTEM) as session:
        assert (await session.scalars(select(GeocodeCache.question))).all() == ["new"]
