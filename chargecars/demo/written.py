"""A quote while it is written: what its rows, events, signatures and orders have in common."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chargecars.demo.courses import Act
from chargecars.demo.offers import Deal
from chargecars.demo.people import Person
from chargecars.demo.plan import QuotePlan
from domain.quotes.draft import Offer
from domain.quotes.models import PartyRole, QuoteStatus

_BEFORE_SENDING = timedelta(minutes=4)
_AFTER = timedelta(minutes=10)
_ENDED = (QuoteStatus.ORDERED, QuoteStatus.DECLINED, QuoteStatus.WITHDRAWN)
_WITHDRAWN = (
    "Op verzoek van de klant.",
    "De prijs van het laadstation is gewijzigd.",
    "Vervangen door een andere offerte.",
)


@dataclass(slots=True)
class Version:
    """One version of a quote; what concerns sending is absent from a draft."""

    id: UUID
    number: int
    offer: Offer
    sent_at: datetime | None
    expires_at: datetime | None = None
    document_hash: bytes | None = None


@dataclass(slots=True)
class WrittenQuote:
    """One quote with what became known of it on the way."""

    id: UUID
    plan: QuotePlan
    deal: Deal
    maker: Person
    in_force: Version | None = None
    pending: list[str] = field(default_factory=list)
    """Roles that have yet to act on the version in force, or on the first draft."""
    channel: list[UUID] = field(default_factory=list)
    """Who of the partners sees it."""
    party_ids: dict[tuple[int, PartyRole], UUID] = field(default_factory=dict)

    @property
    def address_id(self) -> UUID | None:
        plan = self.plan
        if plan.customer:
            return plan.customer.address_id
        return plan.partner.address_id if plan.partner else None

    @property
    def metadata(self) -> dict[str, Any]:
        """The partner's own references (O2)."""
        order_id = self.plan.partner_order_id
        if order_id is None:
            return {}
        mark = order_id.rsplit("-", 1)[-1]
        return {"dealer_group_id": f"DG-{mark[-2:]}", "purchase_order": f"PO-{mark}", "customer_account": order_id}

    @property
    def closed_at(self) -> datetime | None:
        """When it ended, with or without an order."""
        if self.plan.status in _ENDED:
            return self.plan.ended_at
        expired = self.plan.status is QuoteStatus.EXPIRED and self.in_force and self.in_force.expires_at
        return expired + timedelta(seconds=40) if expired else None

    @property
    def close_reason(self) -> str | None:
        withdrawn = self.plan.status is QuoteStatus.WITHDRAWN
        return _WITHDRAWN[self.id.int % len(_WITHDRAWN)] if withdrawn else None

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    def sent_at(self, number: int) -> datetime | None:
        """When the version was sent, if it was."""
        sent = self.plan.course.sent
        return self.plan.at + sent[number - 1] if number <= len(sent) else None

    def made_at(self, number: int) -> datetime:
        """When the version was written: a further one shortly before it was sent, or lately."""
        if number == 1:
            return self.plan.at
        sent_at = self.sent_at(number)
        return sent_at - _BEFORE_SENDING if sent_at else self.plan.ended_at + _AFTER

    def acts_on(self, number: int) -> list[Act]:
        return [act for act in self.plan.course.acts if act.version == number]
