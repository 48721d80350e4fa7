"""What happens to mail of partners and the orders in it; no text of a mail."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import Payload, record
from domain.inbound_mail.models import EmailOrder, InboundAddress, InboundMail


@dataclass(frozen=True)
class InboundAddressCreated(Payload):
    """A partner can mail orders to an address of its own."""

    type = "inbound_address.created"
    subject_type = "InboundAddress"
    organization_id: UUID
    replaces_id: UUID | None = None


@dataclass(frozen=True)
class InboundAddressChanged(Payload):
    """Who may mail to an address, or what is done with what comes, was changed."""

    type = "inbound_address.changed"
    subject_type = "InboundAddress"


@dataclass(frozen=True)
class InboundAddressClosing(Payload):
    """Another address took its place; it takes no mail from then on."""

    type = "inbound_address.closing"
    subject_type = "InboundAddress"
    closes_at: str
    replaced_by_id: UUID


@dataclass(frozen=True)
class InboundMailReceived(Payload):
    """A mail came in and is kept; `ignored` says why nothing is read in it, where that is so."""

    type = "inbound_mail.received"
    subject_type = "InboundMail"
    way: str
    known_sender: bool
    ignored: str | None


@dataclass(frozen=True)
class InboundMailRead(Payload):
    """A mail was read."""

    type = "inbound_mail.read"
    subject_type = "InboundMail"
    orders: int
    submitted: int


@dataclass(frozen=True)
class InboundMailFailed(Payload):
    """A mail could not be read; it is kept."""

    type = "inbound_mail.failed"
    subject_type = "InboundMail"


@dataclass(frozen=True)
class InboundMailReopened(Payload):
    """A mail that was ignored, or could not be read, is read all the same."""

    type = "inbound_mail.reopened"
    subject_type = "InboundMail"


@dataclass(frozen=True)
class InboundMailDownloaded(Payload):
    """Somebody took away a mail as it came."""

    type = "inbound_mail.downloaded"
    subject_type = "InboundMail"
    internal = True


@dataclass(frozen=True)
class EmailOrderNeedsReview(Payload):
    """An order in a mail waits for somebody to look at what is in doubt."""

    type = "email_order.needs_review"
    subject_type = "EmailOrder"
    inbound_mail_id: UUID
    position: int
    doubts: list[str]
    asked: list[str]


@dataclass(frozen=True)
class EmailOrderSubmitted(Payload):
    """An order in a mail became a partner's order; `automatic` where nobody had to look."""

    type = "email_order.submitted"
    subject_type = "EmailOrder"
    inbound_mail_id: UUID
    partner_order_id: UUID
    automatic: bool
    corrected: int


@dataclass(frozen=True)
class EmailOrderRejected(Payload):
    """Somebody looked at an order in a mail: it is none."""

    type = "email_order.rejected"
    subject_type = "EmailOrder"
    inbound_mail_id: UUID


@dataclass(frozen=True)
class EmailOrderReopened(Payload):
    """An order in a mail that was rejected is to be looked at again."""

    type = "email_order.reopened"
    subject_type = "EmailOrder"
    inbound_mail_id: UUID


async def tell(session: AsyncSession, row: InboundAddress | InboundMail | EmailOrder, happened: Payload) -> None:
    """Record what happened, for staff and the partner."""
    own = [row.organization_id]
    await record(session, happened, entity_id=row.entity_id, subject_id=row.id, organization_ids=own, channel=own)
