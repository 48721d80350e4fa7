"""Polling the status of an order by the partner's own number: once a minute per order and key."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import structlog
from pydantic import BaseModel, Field
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.guards import require
from api.openapi import described, header, path
from api.requests import RequestError, actor_of
from domain.errors import DomainError
from domain.orders.polling import PartnerOrderAmbiguous, StatusUpdate
from domain.partner_orders import polling
from domain.quotes.request import LONGEST_ORDER_ID
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.permissions import Permission
from tenants.rate import take

PER_SECONDS = 60
_TOLERANCE_MS = 1_000
"""A client whose clock ticks once a minute does not arrive a network's whim too early."""
_REQUESTS_PER_MINUTE = 600
"""By one key, whatever it asks for."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Turn:
    """Whether it may be asked now, and after how many seconds it may be again."""

    allowed: bool
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """draft-ietf-httpapi-ratelimit-headers-07, and Retry-After where refused."""
        told = {
            "RateLimit-Policy": f"1;w={PER_SECONDS}",
            "RateLimit-Limit": "1",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(self.reset),
        }
        return told if self.allowed else told | {"Retry-After": str(self.reset)}


async def order_status(request: Request) -> Response:
    """The status update of the partner document; 304 where it is what the client has."""
    actor = await actor_of(request)
    allowed = actor.may(Permission.ORDERS_READ) and actor.audience in (Audience.PARTNER, Audience.STAFF)
    require(actor, allowed, "The key needs the scope orders:read.", send="an API key or token")
    number = _number(request)
    turn = await _turn(request, actor, number)
    try:
        async with request.app.state.database.session(actor) as session:
            found = await polling.status_of(session, number)
    except DomainError as refused:
        raise _refused(refused, actor, turn) from None
    return _answer(request, found, turn)


def _number(request: Request) -> str:
    number: str = request.path_params["partner_order_id"].strip()
    if not number or len(number) > LONGEST_ORDER_ID or not number.isprintable():
        raise RequestError(404, "NOT_FOUND", "No order has this number.")
    return number


async def _turn(request: Request, actor: Actor, number: str) -> _Turn:
    """Count this request. Raises: RequestError (429)."""
    redis: Redis = request.app.state.redis
    caller = _caller(request, actor)
    all_together = await take(redis, f"poll:{caller}", _REQUESTS_PER_MINUTE, 60)
    if not all_together.allowed:
        raise _too_often(_Turn(False, all_together.retry_after))
    turn = await _once(redis, f"poll:{caller}:{_digest(number)}")
    if not turn.allowed:
        raise _too_often(turn)
    return turn


async def _once(redis: Redis, key: str) -> _Turn:
    """Without Redis it is allowed."""
    try:
        first = await redis.set(key, "1", nx=True, px=PER_SECONDS * 1000 - _TOLERANCE_MS)
        left = PER_SECONDS * 1000 if first else int(await redis.pttl(key))
    except (RedisError, OSError) as error:
        log.error("rate_limiter_down", error=type(error).__name__)
        return _Turn(True, PER_SECONDS)
    return _Turn(bool(first), max(1, -(-left // 1000)))


def _caller(request: Request, actor: Actor) -> str:
    """The key, or the login or application and not its token: that one is new every few minutes."""
    if actor.user_id is None and actor.client is None:
        return _digest(request.headers.get("authorization", ""))
    return _digest(f"{actor.client and actor.client.id} {actor.user_id} {actor.organization_id} {actor.entity_ids}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _too_often(turn: _Turn) -> RequestError:
    refused = RequestError(
        429, "RATE_LIMITED", f"An order can be asked for once a minute: try again in {turn.reset} seconds."
    )
    refused.headers.update(turn.headers)
    return refused


def _refused(error: DomainError, actor: Actor, turn: _Turn) -> RequestError:
    status = 409 if isinstance(error, PartnerOrderAmbiguous) else 404
    refused = RequestError(status, error.code, error.message(actor.language))
    refused.headers.update(turn.headers)
    return refused


def _answer(request: Request, found: StatusUpdate, turn: _Turn) -> Response:
    body = orjson.dumps(found.json())
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization", **turn.headers}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _has(given: str, tag: str) -> bool:
    """RFC 9110 §13.1.2, weak comparison."""
    return any(each.strip().removeprefix("W/") in ("*", tag) for each in given.split(","))


class StatusAnswer(BaseModel):
    """What an order, or the quote before it, has come to."""

    event: str = Field(description="Always `status_update`.")
    order_id: str | None = Field(description="Our number; null while it is a quote.")
    partner_order_id: str = Field(description="Yours.")
    status: str = Field(description="As in the table of /developers/guide.")
    scheduled_date: date | None = Field(description="The day of the next planned visit.")
    installer: str | None = Field(description="Its team.")


ROUTES: list[Any] = [
    described(
        Route("/orders/{partner_order_id:path}/status", order_status, methods=["GET"]),
        summary="The status of an order, by your own number.",
        tag="Orders",
        responses={200: StatusAnswer, 304: "It is still what the client has."},
        codes={404: ("NOT_FOUND",), 409: (PartnerOrderAmbiguous,)},
        parameters=[
            path("partner_order_id", "Your number of the order.", example="GRO-123456"),
            header("If-None-Match", "The ETag that the client has."),
        ],
        examples={
            200: {
                "event": "status_update",
                "order_id": "CC-2026-00123",
                "partner_order_id": "GRO-123456",
                "status": "scheduled",
                "scheduled_date": "2026-07-20",
                "installer": "Team Amsterdam Noord",
            }
        },
        words="Once a minute per order and key; RateLimit-* headers in every answer. Scope orders:read.",
    )
]
