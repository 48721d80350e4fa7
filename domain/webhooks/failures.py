"""After the last attempt (N8): an alert, the update by mail instead, and in the end the endpoint is disabled."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from domain.mail.service import queue_mail
from domain.webhooks import events, letters
from domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from domain.webhooks.service import tell
from tenants.auth import clock
from tenants.settings import Settings

ALERT_PAUSE = timedelta(hours=1)
"""Between two alerts about one endpoint; every loss is in the log."""
_FEW = 5
"""So many deliveries have to be lost before their time alone counts."""


async def gave_up(session: AsyncSession, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> None:
    """Tell of a delivery whose last attempt failed; both rows are locked."""
    endpoint.failed_in_a_row += 1
    error = delivery.last_error or ""
    lost = events.DeliveryFailed(str(delivery.id), delivery.event_type, delivery.attempts, error)
    await tell(session, endpoint, lost)
    await _alert(session, endpoint, delivery)
    await _mail_instead(session, endpoint, delivery)


def is_sustained(endpoint: WebhookEndpoint, settings: Settings) -> bool:
    """Whether it has failed for so long, or so often in a row, that it is disabled."""
    since = endpoint.failing_since
    long = since is not None and clock.now() - since >= timedelta(hours=settings.webhook_disable_after_hours)
    often = endpoint.failed_in_a_row >= settings.webhook_disable_after_deliveries
    return often or (long and endpoint.failed_in_a_row >= _FEW)


async def announce_disabled(session: AsyncSession, endpoint: WebhookEndpoint) -> None:
    """Tell its contacts that an endpoint gets nothing any more."""
    await _send(session, endpoint, letters.disabled(endpoint))


async def _alert(session: AsyncSession, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> None:
    now = clock.now()
    if endpoint.alerted_at is not None and now - endpoint.alerted_at < ALERT_PAUSE:
        return
    endpoint.alerted_at = now
    await _send(session, endpoint, letters.alert(endpoint, delivery))


async def _mail_instead(session: AsyncSession, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> None:
    """Once per delivery, however often it is replayed."""
    if not endpoint.mail_fallback or delivery.mailed_at is not None or not endpoint.contact_emails:
        return
    delivery.mailed_at = clock.now()
    await _send(session, endpoint, await letters.update(session, endpoint, delivery))


async def _send(session: AsyncSession, endpoint: WebhookEndpoint, letter: letters.Letter) -> None:
    for address in endpoint.contact_emails:
        await queue_mail(session, entity_id=endpoint.entity_id, to=address, subject=letter.subject, body=letter.body)
