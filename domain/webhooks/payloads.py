"""What a webhook says: fields of GraphQL's `WebhookPayload`, read as the owner of the endpoint would read them.

The selection is kept as text and compiled where it is used, by the compiler that answers the API's readers. So it can
never read more than a query of its owner, and follows the schema. That compiler is the API's, which the domain and the
workers do not know: whoever puts the process together hands them a `Renderer`.
"""

from typing import Protocol
from uuid import UUID

from domain.webhooks.models import WebhookEndpoint
from tenants.actor import Actor
from tenants.auth.standing import machine_role
from tenants.permissions import PERMISSIONS_OF

DEFAULT_SELECTION = (
    "event order_id: orderNumber partner_order_id: partnerOrderId status scheduled_date: scheduledDate installer"
)
"""That of the partner document."""
LONGEST_SELECTION = 10_000
LONGEST_BODY = 1_000_000


class PayloadFailed(Exception):
    """The selection could not be read; says why without data."""


class Renderer(Protocol):
    """Compiles and reads selections."""

    def check(self, selection: str, owner: Actor) -> None:
        """Hold a selection against the schema, as its owner sees it. Raises: SelectionInvalid."""

    async def render(self, selection: str, owner: Actor, event_id: UUID) -> str:
        """The JSON text of an event. Raises: PayloadFailed."""


def owner_of(entity_id: UUID, organization_id: UUID | None) -> Actor:
    """As whom an endpoint's payloads are read: what an API key with every scope would see."""
    role = machine_role(organization_id)
    return Actor(role, (entity_id,), organization_id=organization_id, permissions=PERMISSIONS_OF[role])


async def body_of(renderer: Renderer, endpoint: WebhookEndpoint, event_id: UUID) -> str:
    """What the endpoint is told of an event. Raises: PayloadFailed."""
    owner = owner_of(endpoint.entity_id, endpoint.organization_id)
    body = await renderer.render(endpoint.selection or DEFAULT_SELECTION, owner, event_id)
    if len(body) > LONGEST_BODY:
        raise PayloadFailed(f"the payload has more than {LONGEST_BODY} characters")
    return body
