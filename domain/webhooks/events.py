"""What happens to webhook endpoints. Payloads hold no secret and no payload; none of these is sent to an endpoint."""

from dataclasses import dataclass

from domain.events.record import Payload

NEVER_SENT = "webhook."
"""Prefix of the types that nobody can subscribe to: the news of a failed delivery would be a delivery itself."""


@dataclass(frozen=True)
class _EndpointEvent(Payload):
    subject_type = "WebhookEndpoint"


@dataclass(frozen=True)
class EndpointCreated(_EndpointEvent):
    """An endpoint was added."""

    type = "webhook.endpoint_created"
    event_types: list[str]


@dataclass(frozen=True)
class EndpointUpdated(_EndpointEvent):
    """Address, types or payload of an endpoint were changed."""

    type = "webhook.endpoint_updated"


@dataclass(frozen=True)
class EndpointEnabled(_EndpointEvent):
    """An endpoint is called again."""

    type = "webhook.endpoint_enabled"


@dataclass(frozen=True)
class EndpointDisabled(_EndpointEvent):
    """It gets nothing any more, until somebody enables it."""

    type = "webhook.endpoint_disabled"
    reason: str


@dataclass(frozen=True)
class EndpointDeleted(_EndpointEvent):
    """An endpoint was removed."""

    type = "webhook.endpoint_deleted"


@dataclass(frozen=True)
class SecretRotated(_EndpointEvent):
    """An endpoint has a new secret; the one before stays valid for a while."""

    type = "webhook.secret_rotated"
    previous_valid_until: str


@dataclass(frozen=True)
class DeliveryFailed(_EndpointEvent):
    """The last attempt of a delivery failed."""

    type = "webhook.delivery_failed"
    delivery_id: str
    event_type: str
    attempts: int
    error: str


@dataclass(frozen=True)
class ReplayStarted(_EndpointEvent):
    """Deliveries are made anew."""

    type = "webhook.replay_started"
    replay_id: str
