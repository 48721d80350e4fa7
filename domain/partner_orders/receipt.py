"""What a partner is answered to an order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.errors import language_of
from domain.partner_orders.models import PartnerOrder


@dataclass(frozen=True, slots=True)
class Issue:
    """Something about an order that was taken in which the partner should know."""

    code: str
    path: str
    message: Mapping[str, str]

    def told(self, language: str) -> dict[str, str]:
        return {"code": self.code, "path": self.path, "message": self.message[language_of(language)]}


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer: `order_id` is the number of the order, None while it is a quote or waits for a person."""

    id: UUID
    """Of the partner order."""
    partner_order_id: str
    order_id: str | None
    quote_number: str | None
    status: str
    estimated_processing_minutes: int
    repeated: bool
    issues: list[dict[str, str]] = field(default_factory=list)

    def json(self) -> dict[str, Any]:
        """The body of the answer over HTTP."""
        return {
            "order_id": self.order_id,
            "quote_id": self.quote_number,
            "partner_order_id": self.partner_order_id,
            "status": self.status,
            "estimated_processing_minutes": self.estimated_processing_minutes,
            "repeated": self.repeated,
            "issues": self.issues,
        }


@dataclass(frozen=True, slots=True)
class Numbers:
    """What came of an order so far."""

    order: str | None
    quote: str | None


def receipt(order: PartnerOrder, numbers: Numbers, minutes: int, *, repeated: bool) -> Receipt:
    """The receipt of an order as it stands."""
    return Receipt(
        id=order.id,
        partner_order_id=order.partner_order_id,
        order_id=numbers.order,
        quote_number=numbers.quote,
        status=order.status.lower(),
        estimated_processing_minutes=minutes,
        repeated=repeated,
        issues=list(order.issues),
    )
