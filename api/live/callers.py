"""Who is at the other end of a connection, and the context of each of its operations."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from starlette.requests import HTTPConnection

from api.context import Context, RequestFacts
from api.requests import RequestError, idempotency_key_of
from domain.errors import language_of
from tenants.actor import Actor
from tenants.auth.errors import Unauthenticated
from tenants.brands import brand_of
from tenants.hostnames import hostname

_LONGEST_AGENT = 400


@dataclass(frozen=True, slots=True)
class Caller:
    """What of a connection its operations refer to."""

    state: Any
    facts: RequestFacts
    brand: Any

    @classmethod
    async def of(cls, connection: HTTPConnection) -> "Caller":
        facts = RequestFacts(
            request_id=uuid4().hex,
            ip_address=connection.client.host if connection.client else "",
            user_agent=connection.headers.get("user-agent", "")[:_LONGEST_AGENT],
            host=hostname(connection.headers.get("host", "")),
            scheme=connection.url.scheme.replace("ws", "http"),
        )
        state = connection.app.state
        return cls(state, facts, await brand_of(state.database, facts.host))

    def context(self, actor: Actor, extensions: dict[str, Any] | None) -> Context:
        """The context of one operation; its Idempotency-Key stands in `extensions.idempotencyKey`."""
        facts = replace(self.facts, request_id=uuid4().hex, idempotency_key=_key(extensions))
        language = language_of(actor.language)
        return Context(actor, self.state.database, self.state.settings, facts, self.state.redis, self.brand, language)


def bearer_of(authorization: Any) -> str:
    """The credential of an Authorization header or `connectionParams.Authorization`. Raises: Unauthenticated."""
    if not isinstance(authorization, str):
        raise Unauthenticated("UNAUTHENTICATED", "Log in first.")
    scheme, _, credential = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Unauthenticated("TOKEN_INVALID", "Give Authorization: Bearer, followed by an access token or API key.")
    return credential.strip()


def _key(extensions: dict[str, Any] | None) -> str | None:
    given = (extensions or {}).get("idempotencyKey")
    if given is not None and not isinstance(given, str):
        raise RequestError(400, "BAD_IDEMPOTENCY_KEY", "`extensions.idempotencyKey` has to be text.")
    return idempotency_key_of(given)
