"""Links that open a document for who has them, for a while."""

import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from tenants.auth import clock
from tenants.auth.sealing import peppered
from tenants.settings import Settings

PATH = "/documents/"
LASTS = timedelta(minutes=15)
"""A link that the API shows; one in a mail would be forwarded, so mails carry the file itself."""
LONGEST = timedelta(days=30)
_PURPOSE = "document link"


class LinkState(StrEnum):
    """What a link is worth."""

    GOOD = "GOOD"
    EXPIRED = "EXPIRED"
    WRONG = "WRONG"
    """Not ours, or of another document."""


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
