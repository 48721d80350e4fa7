"""Secrets of endpoints and the signatures made with them: Standard Webhooks 1.0, symmetric (`v1`)."""

import base64
import math
import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook

from domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from tenants.auth.sealing import seal, unseal
from tenants.settings import Settings

AGENT = "ChargeCars-Webhooks/1.0"
_PURPOSE = "webhook secret"
_PREFIX = "whsec_"
_BYTES = 32


def generate() -> str:
    """A new secret, `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def sealed(settings: Settings, endpoint_id: UUID, secret: str) -> bytes:
    """A secret as it is kept: encrypted, bound to its endpoint."""
    return seal(settings, _PURPOSE, str(endpoint_id), secret.encode())


def secrets_of(settings: Settings, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first: two during a rotation."""
    kept = [endpoint.secret]
    if endpoint.previous_secret and endpoint.overlap_until and endpoint.overlap_until > now:
        kept.append(endpoint.previous_secret)
    return [unseal(settings, _PURPOSE, str(endpoint.id), each).decode() for each in kept]


def message_id(delivery_id: UUID) -> str:
    """The `webhook-id` of a delivery."""
    return f"msg_{delivery_id.hex}"


def headers(delivery: WebhookDelivery, body: str, signing: list[str], now: datetime) -> dict[str, str]:
    """The headers of one attempt, signed for this moment by every valid secret."""
    signed = signatures(message_id(delivery.id), body, signing, now)
    return {
        "content-type": "application/json",
        "user-agent": AGENT,
        **signed,
        "chargecars-event": delivery.event_type,
        **({"chargecars-test": "true"} if delivery.test else {}),
    }


def signatures(id: str, body: str, signing: list[str], now: datetime) -> Mapping[str, str]:
    """The three headers of Standard Webhooks."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(math.floor(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(id, now, body) for secret in signing),
    }
