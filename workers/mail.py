"""Sending queued mail over SMTP: at least once, with the same Message-ID in every attempt."""

from dataclasses import replace
from email.errors import MessageError
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from domain.documents import storing
from domain.mail import service
from domain.mail.service import Attachment, Mail
from domain.notifications import tracking
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings

_BATCH = 20
_SECONDS = 20.0
_log = structlog.get_logger(__name__)


async def deliver_due_mail(database: Database, settings: Settings) -> int:
    """Send what is due, as long as there is any; the number of mails accepted. Without `smtp_url` nothing is taken."""
    accepted = 0
    while settings.smtp_url and (batch := await _take(database)):
        accepted += (here := await _deliver(database, settings, batch))
        if here < len(batch):
            break
    return accepted


async def _take(database: Database) -> list[Mail]:
    async with database.session(SYSTEM) as session:
        return await service.take_due(session, _BATCH)


async def _deliver(database: Database, settings: Settings, batch: list[Mail]) -> int:
    """Over one connection; a server that cannot be reached fails all that is left for now."""
    left = list(batch)
    accepted = 0
    try:
        async with _client(settings) as client:
            while left:
                accepted += await _deliver_one(database, client, left[0])
                left.pop(0)
    except (OSError, aiosmtplib.SMTPException) as error:
        for mail in left:
            await _failed(database, mail, error, for_good=False)
    return accepted


async def _deliver_one(database: Database, client: aiosmtplib.SMTP, mail: Mail) -> bool:
    try:
        whole = await _with_attachments(database, mail)
        await client.sendmail(mail.sender.addr_spec, [mail.recipient], whole.wire())
    except (aiosmtplib.SMTPResponseException, aiosmtplib.SMTPRecipientsRefused) as error:
        await _failed(database, mail, error, for_good=_is_permanent(error))
        return False
    except (MessageError, ValueError) as error:
        await _failed(database, mail, error, for_good=True)
        return False
    async with database.session(SYSTEM) as session:
        await service.sent(session, mail)
        await tracking.mail_sent(session, mail.id)
    return True


async def _with_attachments(database: Database, mail: Mail) -> Mail:
    """The mail with its files; ValueError where one is not there, or of another entity: it must not go without."""
    if not mail.attachment_ids:
        return mail
    async with database.session(SYSTEM) as session:
        found = await storing.with_content(session, mail.attachment_ids)
    own = [document for document in found if document.entity_id == mail.entity_id]
    if len(own) != len(mail.attachment_ids):
        raise ValueError("an attachment is missing")
    files = tuple(Attachment(document.file_name, document.media_type, document.content) for document in own)
    return replace(mail, attachments=files)


async def _failed(database: Database, mail: Mail, error: Exception, *, for_good: bool) -> None:
    # Neither the address, the text nor the server's answer is logged: answers quote addresses.
    _log.warning("mail_failed", mail_id=str(mail.id), attempt=mail.attempts, error=type(error).__name__)
    async with database.session(SYSTEM) as session:
        over = await service.failed(session, mail, type(error).__name__, for_good=for_good)
        if over:
            bounced = for_good and isinstance(error, aiosmtplib.SMTPRecipientsRefused)
            await tracking.mail_failed(session, mail.id, type(error).__name__, bounced=bounced)


def _is_permanent(error: aiosmtplib.SMTPException) -> bool:
    """RFC 5321: 5yz is a permanent refusal."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return all(refused.code >= 500 for refused in error.recipients)
    return isinstance(error, aiosmtplib.SMTPResponseException) and error.code >= 500


def _client(settings: Settings) -> aiosmtplib.SMTP:
    """`smtp://` uses STARTTLS where the server offers it, `smtps://` TLS from the start."""
    parts = urlsplit(settings.smtp_url)
    tls = parts.scheme == "smtps"
    return aiosmtplib.SMTP(
        hostname=parts.hostname or "localhost",
        port=parts.port or (465 if tls else 25),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=tls,
        timeout=_SECONDS,
    )
