"""What SMTP and LMTP ask of the platform, answered as RFC 5321 has it: whether an address takes mail; to keep one."""

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.exc import SQLAlchemyError

from domain.errors import RateLimited
from domain.inbound_mail import addresses
from domain.inbound_mail.errors import MailLoop, MailTooLarge, NoSuchMailAddress
from domain.inbound_mail.models import MailWay
from domain.inbound_mail.receiving import Arrived, receive
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from workers.mail_in import metrics

MOST_RECIPIENTS = 20
MOST_STRANGERS = 10
"""Unknown recipients of one connection; who tries more is looking for addresses."""
KEPT = "250 2.0.0 Kept"
UNKNOWN = "550 5.1.1 No such address here"
LATER = "451 4.3.0 Not now, please try again later"
TOO_MANY = "452 4.5.3 Too many recipients in one mail"
TOO_OFTEN = "452 4.3.1 Too much mail for this address, please try again later"
TOO_LARGE = "552 5.3.4 The mail is too large"
LOOPING = "554 5.4.6 The mail has passed too many servers"
GOODBYE = "421 4.7.0 Too many unknown recipients"
_log = structlog.get_logger(__name__)


class Keeper:
    """Answers for one process. The handler of aiosmtpd: it calls these methods by their names."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def handle_RCPT(  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse whom nobody here is before any mail is sent."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return TOO_MANY
        try:
            async with self._database.session(SYSTEM) as open_session:
                known = await addresses.taking(open_session, address, self._settings) is not None
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            _log.warning("mail_recipient_unread", error=type(error).__name__)
            return LATER
        if not known:
            return self._unknown(server, session)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    def _unknown(self, server: SMTP, session: Session) -> str:
        session.strangers = getattr(session, "strangers", 0) + 1  # type: ignore[attr-defined]  # the session is ours to mark
        metrics.MAILS.labels("unknown_recipient").inc()
        if session.strangers < MOST_STRANGERS:  # type: ignore[attr-defined]  # as above
            return UNKNOWN
        server.dismiss_after_answer()  # type: ignore[attr-defined]  # of workers.mail_in.doors
        return GOODBYE

    async def handle_exception(self, error: Exception) -> str:
        """What we did not foresee: the sender comes again, and is told nothing of it."""
        _log.warning("mail_in_fault", error=type(error).__name__)
        return LATER

    async def keep(self, envelope: Envelope, raw: bytes, way: MailWay) -> list[str]:
        """Keep a mail for each of its recipients, each in a transaction of its own; the answers in their order."""
        sender = envelope.mail_from or ""
        arrived = Arrived(raw, way, "" if sender == "<>" else sender)
        return [await self._keep_one(recipient, arrived) for recipient in envelope.rcpt_tos]

    async def _keep_one(self, recipient: str, arrived: Arrived) -> str:
        answer, outcome = LATER, "failed"
        try:
            async with self._database.session(SYSTEM) as session:
                kept = await receive(session, self._settings, recipient, arrived)
            answer, outcome = KEPT, "repeated" if kept.repeated else "kept"
        except NoSuchMailAddress:
            answer, outcome = UNKNOWN, "unknown_recipient"
        except RateLimited:
            answer, outcome = TOO_OFTEN, "too_often"
        except MailTooLarge:
            answer, outcome = TOO_LARGE, "too_large"
        except MailLoop:
            answer, outcome = LOOPING, "loop"
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            _log.warning("mail_not_kept", error=type(error).__name__)
        metrics.MAILS.labels(outcome).inc()
        return answer


def for_all(answers: list[str]) -> str:
    """One answer for all recipients, as SMTP has it. The sender comes again where one may get it then: those who have
    it already are recognized."""
    for sign in ("4", "2"):
        for answer in answers:
            if answer.startswith(sign):
                return answer
    return answers[0] if answers else LATER
