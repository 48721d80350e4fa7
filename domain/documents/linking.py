"""Links that open a document for who has them, for a while."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.documents.models import Document, DocumentKind
from domain.errors import NotFound
from domain.rows import actor_of, find
from tenants.auth import clock
from tenants.auth.sealing import peppered
from tenants.permissions import Permission
from tenants.settings import Settings

PATH = "/documents/"
LASTS = timedelta(minutes=15)
"""A link that the API shows; one in a mail would be forwarded, so mails carry the file itself."""
LONGEST = timedelta(days=30)
_PURPOSE = "document link"


_NEEDS = {
    DocumentKind.XAF: Permission.ACCOUNTING_MANAGE,
    DocumentKind.CAMT: Permission.PAYMENTS_WRITE,
    DocumentKind.PAIN: Permission.PAYMENTS_WRITE,
}
"""What else than seeing it somebody needs in order to open a kind of document."""


@dataclass(frozen=True, slots=True)
class Link:
    """Opens a document until `expires_at`."""

    url: str
    expires_at: datetime


class LinkState(StrEnum):
    """What a link is worth."""

    GOOD = "GOOD"
    EXPIRED = "EXPIRED"
    WRONG = "WRONG"
    """Not ours, or of another document."""


async def open_document(session: AsyncSession, document_id: UUID, settings: Settings, origin: str = "") -> Link:
    """A link for a document that the actor sees. Raises: NotFound, also where its kind is not for the actor."""
    document = await find(session, Document, document_id)
    needed = _NEEDS.get(DocumentKind(document.kind), Permission.INVOICES_READ)
    if not actor_of(session).may(needed):
        raise NotFound(field=("id",))
    expires = (clock.now() + LASTS).replace(microsecond=0)
    return Link(link(document.id, settings, expires, origin=origin), expires)


def link(document_id: UUID, settings: Settings, expires: datetime | None = None, *, origin: str = "") -> str:
    """The address at a portal (`origin`; relative to it when empty) until `expires`, LASTS from now when None.

    HMAC-SHA-256 under a key of its own over the document and the time; the time is rounded up to whole seconds.
    """
    until = -int(-(expires or clock.now() + LASTS).timestamp() // 1)
    return f"{origin}{PATH}{document_id}?expires={until}&signature={_signature(settings, document_id, until)}"


def state_of(settings: Settings, document_id: UUID, expires: str, signature: str) -> LinkState:
    """Whether a link opens this document now; only who has a genuine one learns that its time has passed."""
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 11 and signature.isascii()):
        return LinkState.WRONG
    until, now = int(expires), clock.now()
    genuine = hmac.compare_digest(_signature(settings, document_id, until), signature)
    if not genuine or until > (now + LONGEST).timestamp() + 1:
        return LinkState.WRONG
    return LinkState.GOOD if now.timestamp() < until else LinkState.EXPIRED


def _signature(settings: Settings, document_id: UUID, until: int) -> str:
    return peppered(settings, _PURPOSE, str(document_id), str(until))
