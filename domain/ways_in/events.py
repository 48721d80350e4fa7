"""What happens to ways in. Payloads hold no secret and nothing of a message: orders and exceptions have their own."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.record import Payload, record
from domain.ways_in.models import MappedWebhook, OrderForm


@dataclass(frozen=True)
class _WebhookEvent(Payload):
    subject_type = "MappedWebhook"


@dataclass(frozen=True)
class MappedWebhookCreated(_WebhookEvent):
    """A partner's system has an address to send orders to in its own form."""

    type = "mapped_webhook.created"
    slug: str


@dataclass(frozen=True)
class MappedWebhookChanged(_WebhookEvent):
    """Name, proof of the sender, or whether it takes messages was changed."""

    type = "mapped_webhook.changed"
    active: bool


@dataclass(frozen=True)
class MappingChanged(_WebhookEvent):
    """Messages are read by another mapping from now on."""

    type = "mapped_webhook.mapping_changed"
    mapping_version: int


@dataclass(frozen=True)
class MappedWebhookSecretRotated(_WebhookEvent):
    """Its sender has a new secret; the one before holds for a while."""

    type = "mapped_webhook.secret_rotated"
    previous_valid_until: str


@dataclass(frozen=True)
class _FormEvent(Payload):
    subject_type = "OrderForm"


@dataclass(frozen=True)
class OrderFormCreated(_FormEvent):
    """A partner has a form of its own."""

    type = "order_form.created"
    slug: str


@dataclass(frozen=True)
class OrderFormChanged(_FormEvent):
    """What a form asks, or whether it is open, was changed."""

    type = "order_form.changed"
    active: bool


@dataclass(frozen=True)
class OrderFormLinkReplaced(_FormEvent):
    """A form has a new address; the one before is void."""

    type = "order_form.link_replaced"


async def tell(
    session: AsyncSession,
    row: MappedWebhook | OrderForm,
    happened: Payload,
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Record what happened, for the entity and the partner itself."""
    own: list[UUID] = [row.organization_id]
    await record(
        session,
        happened,
        entity_id=row.entity_id,
        subject_id=row.id,
        organization_ids=own,
        channel=own,
        changes=changes,
    )
