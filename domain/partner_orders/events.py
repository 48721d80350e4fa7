"""What happens to orders of partners. Payloads hold nothing of the customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import Payload, record
from domain.partner_orders.models import PartnerIntegration, PartnerOrder, PartnerOrderException


@dataclass(frozen=True)
class _OrderEvent(Payload):
    subject_type = "PartnerOrder"
    partner_order_id: str


@dataclass(frozen=True)
class PartnerOrderReceived(_OrderEvent):
    """A partner's order was taken in; the number of the order or quote that was made of it."""

    type = "partner_order.received"
    way: str
    order_number: str | None
    quote_number: str | None


@dataclass(frozen=True)
class PartnerOrderRepeated(_OrderEvent):
    """A partner sent an order again; the first one stands."""

    type = "partner_order.repeated"
    way: str
    repeated: int
    same_content: bool


@dataclass(frozen=True)
class PartnerOrderQuoted(_OrderEvent):
    """An order that had to wait has its quote or order now."""

    type = "partner_order.quoted"
    order_number: str | None
    quote_number: str | None


@dataclass(frozen=True)
class AddressFlagged(_OrderEvent):
    """The address of an order could not be verified; it is kept as it was given."""

    type = "partner_order.address_flagged"
    reason: str


@dataclass(frozen=True)
class PartnerOrderWithdrawn(_OrderEvent):
    """A partner cancelled its order."""

    type = "partner_order.cancelled"
    order_number: str | None
    quote_number: str | None


@dataclass(frozen=True)
class PartnerOrderRestored(_OrderEvent):
    """What came of a cancelled order goes on after all."""

    type = "partner_order.reopened"
    order_number: str | None


@dataclass(frozen=True)
class _ExceptionEvent(Payload):
    subject_type = "PartnerOrderException"
    partner_order_id: str | None
    kind: str
    field: str


@dataclass(frozen=True)
class ExceptionOpened(_ExceptionEvent):
    """Something about a partner's order needs a person."""

    type = "partner_order.exception_opened"


@dataclass(frozen=True)
class ExceptionResolved(_ExceptionEvent):
    """Something about a partner's order was dealt with, or dismissed."""

    type = "partner_order.exception_resolved"
    state: str


@dataclass(frozen=True)
class ExceptionReopened(_ExceptionEvent):
    """Something about a partner's order was not dealt with after all."""

    type = "partner_order.exception_reopened"


@dataclass(frozen=True)
class _IntegrationEvent(Payload):
    subject_type = "PartnerIntegration"


@dataclass(frozen=True)
class IntegrationChanged(_IntegrationEvent):
    """How a partner's systems work with us was changed."""

    type = "partner_integration.changed"
    status: str


@dataclass(frozen=True)
class SigningSecretRotated(_IntegrationEvent):
    """A partner signs its requests with a new secret; the one before holds until then."""

    type = "partner_integration.secret_rotated"
    previous_until: str | None


async def tell(session: AsyncSession, order: PartnerOrder, payload: _OrderEvent) -> None:
    """Record what happened to an order, for its entity and its partner's channel."""
    await record(
        session,
        payload,
        entity_id=order.entity_id,
        subject_id=order.id,
        organization_ids=[order.organization_id],
        channel=order.channel_organization_ids,
    )


async def tell_exception(session: AsyncSession, row: PartnerOrderException, payload: _ExceptionEvent) -> None:
    """Record what happened to an item of the queue, for its entity and its partner's channel."""
    await record(
        session,
        payload,
        entity_id=row.entity_id,
        subject_id=row.id,
        organization_ids=[row.organization_id],
        channel=row.channel_organization_ids,
    )


async def tell_integration(
    session: AsyncSession,
    row: PartnerIntegration,
    payload: _IntegrationEvent,
    channel: list[UUID],
    changes: Mapping[str, list[Any]] | None = None,
) -> None:
    """Record what happened to an integration, for its entity and its partner's channel."""
    await record(
        session,
        payload,
        entity_id=row.entity_id,
        subject_id=row.id,
        organization_ids=[row.organization_id],
        channel=channel,
        changes=dict(changes or {}),
    )
