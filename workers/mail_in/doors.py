"""SMTP and LMTP as aiosmtpd speaks them, with bounds on all that a stranger may send."""

import asyncio
import ssl

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

from domain.inbound_mail.models import MailWay
from tenants.settings import Settings
from workers.mail_in import metrics
from workers.mail_in.keeping import Keeper, for_all
from workers.mail_in.room import Room

MOST_LINES = 400_000
SILENT_SECONDS = 120
"""Between two commands, and for the whole of a mail's body."""
LONGEST_SECONDS = 600
"""Of a connection."""
_COMMANDS = 200
"""Of each kind in one connection."""
FULL = b"421 4.3.2 Too many connections, please try again later\r\n"
CLOSING = b"421 4.3.2 Closing, please try again later\r\n"


class _Door(SMTP):
    """What both have in common. Nothing of a mail or of its addresses is logged."""

    way = MailWay.SMTP
    trusted = False
    line_length_limit = 65_536
    """Programs write HTML in longer lines than RFC 5321 lets them."""

    def __init__(self, keeper: Keeper, settings: Settings, room: Room, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(
            keeper,
            data_size_limit=settings.mail_in_bytes,
            enable_SMTPUTF8=True,
            hostname=settings.mail_domain,
            ident="ChargeCars",
            tls_context=tls,
            require_starttls=bool(tls) and settings.mail_in_tls_required and not self.trusted,
            timeout=SILENT_SECONDS,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            command_call_limit=_COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self.busy = False
        self._keeper = keeper
        self._room = room
        self._most = settings.mail_in_bytes
        self._address: str | None = None
        self._refused = False
        self._dismissed = False
        self._end: asyncio.TimerHandle | None = None

    # --- coming and going ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A second time after STARTTLS, which is the same connection."""
        if self._address is None:
            peer = transport.get_extra_info("peername")
            self._address = str(peer[0]) if isinstance(peer, tuple) else ""
            if not self._room.enter(self, self._address, trusted=self.trusted):
                self._turn_away(transport)
                return
            metrics.CONNECTIONS.set(len(self._room))
            self._end = self.loop.call_later(LONGEST_SECONDS, self.abort)
        super().connection_made(transport)

    def _turn_away(self, transport: asyncio.BaseTransport) -> None:
        self._refused = True
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(CLOSING if self._room.closing else FULL)
        transport.close()

    def data_received(self, data: bytes) -> None:
        if not self._refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._refused else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        if self._refused:
            return
        if self._end is not None:
            self._end.cancel()
        self._room.leave(self, self._address or "")
        metrics.CONNECTIONS.set(len(self._room))
        super().connection_lost(error)

    def dismiss(self) -> None:
        """Close, after the answer to the mail that is under way."""
        self._dismissed = True
        if not self.busy and self.transport is not None:
            self._writer.write(CLOSING)
            self.transport.close()

    def dismiss_after_answer(self) -> None:
        """Close once the present answer was sent."""
        self.loop.call_soon(self._close_softly)

    def abort(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _close_softly(self) -> None:
        if self.transport is not None:
            self.transport.close()

    # --- a mail ---------------------------------------------------------------------------------------------------

    async def smtp_DATA(self, arg: str | None) -> None:  # the command's name
        """aiosmtpd's own keeps every line as an object: a mail of empty lines would take fifty times its size."""
        assert self.envelope is not None
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Say RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes nothing")
            return
        self.busy = True
        try:
            await self.push("354 End with <CR><LF>.<CR><LF>")
            raw, fault = await self._body()
            await self._conclude(raw, fault)
        finally:
            self.busy = False
        if self._dismissed:
            self.dismiss()

    async def _conclude(self, raw: bytes, fault: str) -> None:
        assert self.envelope is not None
        envelope = self.envelope
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped
        many = len(envelope.rcpt_tos)
        answers = [fault] * many if fault else await self._keeper.keep(envelope, raw, self.way)
        for answer in self.told(answers):
            await self.push(answer)

    def told(self, answers: list[str]) -> list[str]:
        """What is answered to a mail, of an answer for each recipient."""
        return [for_all(answers)]

    async def _body(self) -> tuple[bytes, str]:
        """What stands before the line of one dot; whatever comes is read to that line, or the answer is lost."""
        collected, lines, fault, within = bytearray(), 0, "", False
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                await self._reader.readexactly(error.consumed)
                fault, within = fault or "500 5.6.0 A line is too long", True
                collected.clear()
                continue
            if line == b".\r\n" and not within:  # the rest of a long line is no line
                return bytes(collected), fault
            within, lines = False, lines + 1
            if not fault and (len(collected) + len(line) > self._most or lines > MOST_LINES):
                fault = "552 5.3.4 The mail is too large"
                collected.clear()
            if not fault:
                collected += line[1:] if line.startswith(b".") else line


class SmtpDoor(_Door):
    """From mail servers anywhere."""


class LmtpDoor(_Door, LMTP):
    """From the mail server in front (RFC 2033): an answer for each recipient."""

    way = MailWay.LMTP
    trusted = True

    def told(self, answers: list[str]) -> list[str]:
        return answers


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """What STARTTLS is offered with. Raises: OSError where the files are not there or do not belong together."""
    if not settings.mail_in_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.mail_in_certificate, settings.mail_in_key)
    return context
