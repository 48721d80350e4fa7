"""SMTP and LMTP over real sockets: accepted is kept, unknown is refused at once, nobody takes all there is."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from domain.inbound_mail import addresses
from domain.inbound_mail.models import InboundMail
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.domain.inbound_mail.post import ORDER, SENDER, Post, mail_of, post
from workers.mail_in import doors, keeping
from workers.mail_in.process import MailProcess

_RAW = mail_of(ORDER.format(number="ALV-1"))


class Talk:
    """A client that says line by line what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hears(self) -> str:
        """One answer, all its lines."""
        lines = [await self._line()]
        while lines[-1][3:4] == "-":
            lines.append(await self._line())
        return "\n".join(lines)

    async def says(self, *lines: str | bytes) -> str:
        for line in lines:
            self._writer.write((line.encode() if isinstance(line, str) else line) + b"\r\n")
        return await self.hears()

    async def begins(self, recipient: str, hello: str = "EHLO") -> None:
        await self.hears()
        await self.says(f"{hello} x.example")
        await self.says(f"MAIL FROM:<{SENDER}>")
        assert (await self.says(f"RCPT TO:<{recipient}>")).startswith("250")

    async def sends(self, body: bytes) -> str:
        assert (await self.says("DATA")).startswith("354")
        return await self.says(body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".")

    async def is_closed(self) -> bool:
        return await asyncio.wait_for(self._reader.read(1), 5) == b""

    def leave(self) -> None:
        self._writer.transport.abort()

    async def _line(self) -> str:
        return (await asyncio.wait_for(self._reader.readline(), 5)).decode().rstrip("\r\n")


class Office:
    """A partner's address and the process that takes its mail."""

    def __init__(self, mailing: Post, process: MailProcess) -> None:
        self.post = mailing
        self.process = process

    @asynccontextmanager
    async def talking(self, name: str = "smtp") -> AsyncIterator[Talk]:
        talk = Talk(*await asyncio.open_connection("127.0.0.1", self.process.port(name)))
        try:
            yield talk
        finally:
            talk.leave()

    async def kept(self) -> list[Any]:
        return await self.post.rows(InboundMail)


@asynccontextmanager
async def office(database: Database, settings: Settings, **changes: Any) -> AsyncIterator[Office]:
    ports = {"mail_in_port": _free(), "mail_in_lmtp_port": _free()}
    given = settings.model_copy(update={**ports, **changes})
    process = MailProcess(given)
    await process.start()
    try:
        yield Office(await post(database, given), process)
    finally:
        await process.stop()


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
async def open_office(database: Database, settings: Settings) -> AsyncIterator[Office]:
    async with office(database, settings) as made:
        yield made


async def test_a_mail_is_kept_before_it_is_acknowledged(open_office: Office) -> None:
    async with open_office.talking() as talk:
        await talk.begins(open_office.post.recipient)
        assert await talk.sends(b"." + _RAW) == keeping.KEPT
    (mail,) = await open_office.kept()
    assert (mail.way, mail.size, mail.envelope_sender) == ("SMTP", len(_RAW), SENDER)


async def test_nothing_is_acknowledged_that_could_not_be_kept(
    open_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise OSError("the database is gone")

    async with open_office.talking() as talk:
        await talk.begins(open_office.post.recipient)
        with monkeypatch.context() as patch:
            patch.setattr(keeping, "receive", broken)
            assert (await talk.sends(_RAW)).startswith("451")
    assert await open_office.kept() == []


async def test_unknown_recipients_are_refused_and_who_tries_many_is_sent_away(open_office: Office) -> None:
    domain = open_office.post.settings.mail_domain
    async with open_office.talking() as talk:
        await talk.hears()
        await talk.says("EHLO x.example")
        await talk.says(f"MAIL FROM:<{SENDER}>")
        assert (await talk.says("DATA")).startswith("503")
        said = [await talk.says(f"RCPT TO:<a{number}@{domain}>") for number in range(keeping.MOST_STRANGERS)]
        assert set(said[:-1]) == {keeping.UNKNOWN}
        assert said[-1].startswith("421")
        assert await talk.is_closed()


async def test_no_more_recipients_than_an_order_has(open_office: Office) -> None:
    async with open_office.talking() as talk:
        await talk.begins(open_office.post.recipient)
        again = f"RCPT TO:<{open_office.post.recipient}>"
        said = [await talk.says(again) for _ in range(keeping.MOST_RECIPIENTS)]
        assert said[-1] == keeping.TOO_MANY
        assert set(said[:-1]) == {"250 2.1.5 OK"}
        assert await talk.sends(_RAW) == keeping.KEPT
    (mail,) = await open_office.kept()
    assert mail.repeated == keeping.MOST_RECIPIENTS - 1


async def test_over_lmtp_each_recipient_is_answered(open_office: Office) -> None:
    mailing = open_office.post
    async with open_office.talking("lmtp") as talk:
        await talk.begins(mailing.recipient, "LHLO")
        await talk.says(f"RCPT TO:<{mailing.recipient.replace('@', '+tag@')}>")
        async with mailing.trade.market.database.session(SYSTEM) as session:
            other = await addresses.rotate(session, mailing.staff, mailing.address.id)
        await talk.says(f"RCPT TO:<{other.local_part}@{mailing.settings.mail_domain}>")
        async with mailing.trade.market.database.session(SYSTEM) as session:
            await addresses.change(session, mailing.staff, other.id, {"active": False})
        said = [await talk.sends(_RAW), await talk.hears(), await talk.hears()]
    assert said == [keeping.KEPT, keeping.KEPT, keeping.UNKNOWN]
    assert [(mail.way, mail.repeated) for mail in await open_office.kept()] == [("LMTP", 1)]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"x" * 65_535 + b".\r\n", "5"),
        (b"x" * 131_072 + b".\r\n", "5"),
        (b"y\r\n" * 40_000, "552"),
        (b"z" * 900 + b"\r\n", "250"),
    ],
    ids=["long line", "longer line", "large", "whole"],
)
async def test_what_is_too_large_is_refused_whole_and_the_talk_goes_on(
    database: Database, settings: Settings, body: bytes, code: str
) -> None:
    async with office(database, settings, mail_in_bytes=65_536) as small, small.talking() as talk:
        await talk.begins(small.post.recipient)
        assert (await talk.sends(b"Subject: x\r\n\r\n" + body)).startswith(code)
        assert (await talk.says("NOOP")).startswith("250")
        assert len(await small.kept()) == (code == "250")


async def test_many_lines_are_too_much(open_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_LINES", 100)
    async with open_office.talking() as talk:
        await talk.begins(open_office.post.recipient)
        assert (await talk.sends(b"\r\n" * 101)).startswith("552")


async def test_a_lone_line_feed_ends_no_mail(open_office: Office) -> None:
    """What one server takes for the end of a mail and the next one not smuggles a second mail in."""
    smuggled = b"Subject: x\r\n\r\na\n.\nMAIL FROM:<evil@example>\r\nb\r\n\n.\r\nc"
    async with open_office.talking() as talk:
        await talk.begins(open_office.post.recipient)
        assert await talk.sends(smuggled) == keeping.KEPT
        assert (await talk.says("NOOP")).startswith("250")
    assert len(await open_office.kept()) == 1


async def test_there_is_room_for_so_many_and_of_one_address_for_fewer(database: Database, settings: Settings) -> None:
    bounds = {"mail_in_connections": 2, "mail_in_connections_per_address": 1}
    async with office(database, settings, **bounds) as made, made.talking() as first:
        assert (await first.hears()).startswith("220")
        async with made.talking() as second:
            assert (await second.hears()).startswith("421")
            assert await second.is_closed()
        async with made.talking("lmtp") as from_in_front:
            assert (await from_in_front.hears()).startswith("220")
            async with made.talking("lmtp") as full:
                assert (await full.hears()).startswith("421")


async def test_stopping_answers_the_mail_that_has_come_and_sends_the_others_away(
    database: Database, settings: Settings
) -> None:
    async with office(database, settings) as made, made.talking() as busy, made.talking() as idle:
        await idle.hears()
        await busy.begins(made.post.recipient)
        assert (await busy.says("DATA")).startswith("354")
        stopping = asyncio.create_task(made.process.stop())
        assert (await idle.hears()).startswith("421")
        assert await busy.says(_RAW + b".") == keeping.KEPT
        await asyncio.wait_for(stopping, 5)
        assert len(await made.kept()) == 1


async def test_starttls_is_offered_and_can_be_demanded(
    database: Database, settings: Settings, certificate: tuple[str, str]
) -> None:
    tls = {"mail_in_certificate": certificate[0], "mail_in_key": certificate[1], "mail_in_tls_required": True}
    async with office(database, settings, **tls) as made:
        async with made.talking() as talk:
            await talk.hears()
            assert "STARTTLS" in await talk.says("EHLO x.example")
            assert (await talk.says(f"MAIL FROM:<{SENDER}>")).startswith("530")
        await asyncio.to_thread(_over_tls, made.process.port("smtp"), made.post.recipient)
        assert len(await made.kept()) == 1


def _over_tls(port: int, recipient: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # its own certificate is of nobody
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.starttls(context=context)
        client.sendmail(SENDER, [recipient], _RAW)
