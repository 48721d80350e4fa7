"""Mail is sent once it was committed, tried again, and never readable by an audience."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import Message
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from domain.mail import service, show
from domain.mail.models import MailMessage
from tenants.actor import SYSTEM, actor
from tenants.auth import clock
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests.tenants.auth.people import Portal
from workers.mail import deliver_due_mail


@dataclass
class Server:
    """An SMTP server; `refuses` maps a recipient to the answer it gets."""

    port: int = 0
    refuses: dict[str, str] = field(default_factory=dict)
    received: list[Message] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 ready")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(":")[0].split()[0].upper()
            if verb == "QUIT":
                await say("221 bye")
                break
            if verb == "RCPT":
                refused = next((answer for to, answer in self.refuses.items() if to in line), None)
                await say(refused or "250 ok")
            elif verb == "DATA":
                await say("354 go on")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.received.append(message_from_string(text))
                await say("250 ok")
            else:
                await say("250 ok")
        writer.close()


@asynccontextmanager
async def smtp(server: Server) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.fixture
async def own(fresh_database: Any, database: Database) -> AsyncIterator[Database]:
    """A database of its own: delivery takes whatever is due."""
    made = Database(await fresh_database(), database._password)
    yield made
    await made.close()


@pytest.fixture
async def portal(own: Database) -> Portal:
    return await Portal.make(own)


def sending(settings: Settings, server: Server) -> Settings:
    return settings.model_copy(update={"smtp_url": f"smtp://127.0.0.1:{server.port}"})


async def queue(portal: Portal, to: str = "jan@people.example", **values: Any) -> None:
    given = {"entity_id": portal.entity_id, "to": to, "subject": "Ünïcode\nsubject", "body": "Hello, mijn code: 1"}
    async with portal.database.session(SYSTEM) as session:
        await service.queue_mail(session, **given | values)


async def rows(database: Database) -> list[MailMessage]:
    async with database.session(SYSTEM) as session:
        return list(await session.scalars(select(MailMessage).order_by(MailMessage.created_at)))


async def test_queued_mail_is_sent_once(own: Database, settings: Settings, portal: Portal) -> None:
    await queue(portal)
    async with smtp(Server()) as server:
        assert await deliver_due_mail(own, sending(settings, server)) == 1
        assert await deliver_due_mail(own, sending(settings, server)) == 0
    [message] = server.received
    assert message["To"] == "jan@people.example"
    assert "Brand" in message["From"]
    assert message["Message-ID"].startswith("<")
    [row] = await rows(own)
    assert (row.status, row.attempts, row.sent_at is not None) == ("SENT", 1, True)


async def test_the_body_is_encrypted_and_a_secret_one_erased_when_sent(
    own: Database, settings: Settings, portal: Portal
) -> None:
    await queue(portal, secret=True, body="the code is 12345678")
    [row] = await rows(own)
    assert row.body
    assert b"12345678" not in row.body
    assert (await show.latest(own))[0].body == "the code is 12345678"
    async with smtp(Server()) as server:
        await deliver_due_mail(own, sending(settings, server))
    [row] = await rows(own)
    assert row.body is None
    assert (await show.latest(own))[0].body == ""


async def test_what_is_rolled_back_is_not_mailed(own: Database, portal: Portal) -> None:
    async with own.session(SYSTEM) as session:
        await service.queue_mail(session, entity_id=portal.entity_id, to="a@b.example", subject="s", body="b")
        await session.rollback()
    assert await rows(own) == []


async def test_without_a_server_mail_stays(own: Database, settings: Settings, portal: Portal) -> None:
    await queue(portal)
    assert await deliver_due_mail(own, settings) == 0
    assert [row.status for row in await rows(own)] == ["QUEUED"]


async def test_a_server_that_is_away_is_tried_again_and_given_up(
    own: Database, settings: Settings, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue(portal)
    away = sending(settings, Server(port=1))
    moment = datetime.now(UTC)
    for attempt in range(1, len(service.WAITS) + 2):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert await deliver_due_mail(own, away) == 0
        assert [row.attempts for row in await rows(own)] == [attempt]
        assert await deliver_due_mail(own, away) == 0, "nothing is due yet"
        assert [row.attempts for row in await rows(own)] == [attempt]
        moment += timedelta(hours=4)
    [row] = await rows(own)
    assert (row.status, row.last_error) == ("FAILED", "SMTPConnectError")


@pytest.mark.parametrize(("answer", "status"), [("550 no such user", "FAILED"), ("451 try later", "QUEUED")])
async def test_a_refused_recipient_does_not_hold_up_the_others(
    own: Database, settings: Settings, portal: Portal, answer: str, status: str
) -> None:
    await queue(portal, "refused@people.example")
    await queue(portal, "welcome@people.example")
    async with smtp(Server(refuses={"refused@": answer})) as server:
        await deliver_due_mail(own, sending(settings, server))
    assert [message["To"] for message in server.received] == ["welcome@people.example"]
    assert [row.status for row in await rows(own)] == [status, "SENT"]


async def test_a_worker_that_died_leaves_its_mail_to_the_next(
    own: Database, settings: Settings, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue(portal)
    async with own.session(SYSTEM) as session:
        assert len(await service.take_due(session, 10)) == 1
    async with smtp(Server()) as server:
        assert await deliver_due_mail(own, sending(settings, server)) == 0
        later = datetime.now(UTC) + timedelta(minutes=16)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await deliver_due_mail(own, sending(settings, server)) == 1


async def test_two_workers_send_it_once(own: Database, settings: Settings, portal: Portal) -> None:
    for number in range(30):
        await queue(portal, f"p{number}@people.example")
    async with smtp(Server()) as server:
        await asyncio.gather(*(deliver_due_mail(own, sending(settings, server)) for _ in range(3)))
    assert len(server.received) == len({message["To"] for message in server.received}) == 30


async def test_a_body_cannot_be_moved_to_another_mail(own: Database, portal: Portal) -> None:
    await queue(portal)
    await queue(portal, "other@people.example", body="other")
    first, second = await rows(own)
    async with own.session(SYSTEM) as session:
        await session.execute(update(MailMessage).where(MailMessage.id == second.id).values(body=first.body))
    with pytest.raises(Exception, match="mail"):
        await show.latest(own)


@pytest.mark.parametrize("role", [Role.TENANT_ADMIN, Role.PARTNER_USER, Role.CUSTOMER, Role.TECHNICIAN])
async def test_audiences_queue_mail_of_their_entity_and_read_none(own: Database, portal: Portal, role: Role) -> None:
    beside = await Portal.make(own)
    mail = {"to": "a@people.example", "subject": "s", "body": "b"}
    async with own.session(actor(role, portal.entity_id)) as session:
        await service.queue_mail(session, entity_id=portal.entity_id, **mail)
    with pytest.raises((DBAPIError, LookupError)):
        async with own.session(actor(role, portal.entity_id)) as session:
            await service.queue_mail(session, entity_id=beside.entity_id, **mail)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with own.session(actor(role, portal.entity_id)) as session:
            await session.execute(select(MailMessage.recipient))
    assert len(await rows(own)) == 1


async def test_suppressed_mail_is_never_sent_nor_shown_and_swept(
    own: Database, settings: Settings, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue(portal, suppressed=True)
    async with smtp(Server()) as server:
        assert await deliver_due_mail(own, sending(settings, server)) == 0
    assert await show.latest(own) == []
    later = datetime.now(UTC) + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    async with own.session(SYSTEM) as session:
        assert await service.sweep(session) == 1
