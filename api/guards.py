"""Who may call an endpoint beside GraphQL, how often, and for what."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from starlette.requests import Request

from api.reading.errors import BadInput
from api.reading.ids import parse_id_of
from api.requests import RequestError, facts_of
from tenants.actor import Actor
from tenants.rate import take


def require(actor: Actor, allowed: bool, forbidden: str, *, send: str = "an access token") -> None:
    """401 for nobody, 403 with the words `forbidden` where it is not allowed; `send` is what proves who asks."""
    if not actor.signed_in:
        refused = RequestError(401, "UNAUTHENTICATED", f"Send Authorization: Bearer, followed by {send}.")
        refused.headers["WWW-Authenticate"] = "Bearer"
        raise refused
    if not allowed:
        raise RequestError(403, "FORBIDDEN", forbidden)


async def hold(request: Request, whom: str, most: int, seconds: int, words: str | None = None) -> None:
    """429 with Retry-After once `whom` has called `most` times within so many seconds."""
    taken = await take(request.app.state.redis, whom, most, seconds)
    if not taken.allowed:
        refused = RequestError(429, "RATE_LIMITED", words or f"Try again in {taken.retry_after} seconds.")
        refused.headers["Retry-After"] = str(taken.retry_after)
        raise refused


async def hold_address(request: Request, what: str, per_minute: int) -> None:
    """`hold` for endpoints that anybody may call, by the address of the caller."""
    await hold(request, f"{what}:{facts_of(request).ip_address}", per_minute, 60)


@contextmanager
def ids_of_the_request() -> Iterator[None]:
    """An id that cannot be read is a 400 with its code."""
    try:
        yield
    except BadInput as error:
        raise RequestError(400, str((error.extensions or {}).get("code", "BAD_INPUT")), error.message) from None


def entity_of(request: Request) -> UUID:
    """The key of `?entityId=`."""
    with ids_of_the_request():
        return parse_id_of(frozenset({"BusinessEntity"}), request.query_params.get("entityId", ""), "entityId")
