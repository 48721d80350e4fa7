"""Sending over a provider of push, SMS or WhatsApp messages: one JSON request, whose contract docs/notifications.md is.

The delivery's id is the Idempotency-Key of every attempt, so that a repeated one is sent once.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import orjson

from domain.notifications.models import Channel
from domain.notifications.tracking import Outgoing
from tenants.settings import Settings

SECONDS = 10.0
MOST_BYTES = 64 * 1024
_TRIED_AGAIN = frozenset({408, 409, 423, 425, 429})
"""Answers below 500 after which another attempt may succeed."""
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it, under this name of its own."""

    provider_id: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider will never send it."""

    error: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nothing came of it for now; not before `after` where the provider says so."""

    error: str
    after: timedelta | None = None


Outcome = Accepted | Refused | Unavailable


async def send(client: httpx.AsyncClient, settings: Settings, outgoing: Outgoing) -> Outcome:
    """One attempt. Raises nothing that a provider can bring about."""
    url, token = provider_of(settings, outgoing.channel)
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": str(outgoing.id),
        **({"Authorization": f"Bearer {token}"} if token else {}),
    }
    try:
        async with client.stream("POST", url, content=_body(outgoing), headers=headers) as response:
            return _outcome(response, await _read(response))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Unavailable(type(error).__name__)


def client() -> httpx.AsyncClient:
    """Follows no redirect: a provider's address is a setting."""
    return httpx.AsyncClient(timeout=SECONDS, follow_redirects=False, trust_env=False)


def provider_of(settings: Settings, channel: Channel) -> tuple[str, str]:
    """Address and token."""
    match channel:
        case Channel.PUSH:
            return settings.push_url, settings.push_token.get_secret_value()
        case Channel.SMS:
            return settings.sms_url, settings.sms_token.get_secret_value()
        case Channel.WHATSAPP:
            return settings.whatsapp_url, settings.whatsapp_token.get_secret_value()
        case _:
            raise ValueError(f"{channel} has no provider of its own")


def _body(outgoing: Outgoing) -> bytes:
    said = {"title": outgoing.message.subject} if outgoing.message.subject else {}
    return orjson.dumps(
        {
            "id": str(outgoing.id),
            "channel": outgoing.channel.value,
            "to": outgoing.address,
            "sender": outgoing.sender,
            **said,
            "text": outgoing.message.text,
            "language": outgoing.language,
            "kind": outgoing.kind,
        }
    )


async def _read(response: httpx.Response) -> bytes:
    read = b""
    async for chunk in response.aiter_bytes():
        read += chunk
        if len(read) > MOST_BYTES:
            return b""
    return read


def _outcome(response: httpx.Response, body: bytes) -> Outcome:
    status = response.status_code
    if response.is_success:
        return Accepted(_provider_id(body))
    if status in _TRIED_AGAIN or status >= 500:
        return Unavailable(f"HTTP {status}", _retry_after(response))
    return Refused(f"HTTP {status}")


def _provider_id(body: bytes) -> str | None:
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    id = answer.get("id") if isinstance(answer, dict) else None
    return str(id)[:_LONGEST_ID] if isinstance(id, str | int) and str(id) else None


def _retry_after(response: httpx.Response) -> timedelta | None:
    value = response.headers.get("retry-after", "")
    return (
        timedelta(seconds=min(int(value), 86_400)) if value.isascii() and value.isdigit() and len(value) < 8 else None
    )
