"""When a delivery is tried again (N8, Decision 8): three attempts in all, after 60 s, then twice as long each time."""

import random
from dataclasses import dataclass
from datetime import timedelta

from domain.webhooks.models import WebhookEndpoint
from tenants.settings import Settings

JITTER = 0.1
"""A wait is longer by up to this part of it, so that what failed together does not come back together."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`attempts` in all; the first wait, by how much each is longer than the one before, the longest; in seconds."""

    attempts: int = 3
    first: float = 60
    factor: float = 2
    longest: float = 3600

    def wait(self, failed: int, retry_after: float | None = None, spread: float | None = None) -> timedelta:
        """The wait after this many failed attempts; what the receiver asks for counts within the policy's bounds."""
        planned = min(self.first * self.factor ** min(failed - 1, 64), self.longest)
        asked = min(max(retry_after or 0, planned), self.longest)
        chance = random.random() if spread is None else spread  # noqa: S311  # spreads the load, no secret
        return timedelta(seconds=min(asked * (1 + JITTER * chance), self.longest))


def policy_of(endpoint: WebhookEndpoint, settings: Settings) -> Policy:
    """The platform's, with what the endpoint has of its own."""
    return Policy(
        endpoint.attempts or settings.webhook_attempts,
        endpoint.retry_seconds or settings.webhook_retry_seconds,
        endpoint.retry_factor or settings.webhook_retry_factor,
        endpoint.retry_longest_seconds or settings.webhook_retry_longest_seconds,
    )
