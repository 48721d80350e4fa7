"""Cross-origin requests, per brand: the Fetch standard's CORS protocol.

A portal's API may be called by pages of its own origin and of those that its brand lists; in development also by pages
of this machine. Credentials in cookies are never shared with another origin: the API reads bearer tokens only.
"""

import re

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenants.auth.hosts import origin as public_origin
from tenants.brands import brand_of
from tenants.engine import Database
from tenants.hostnames import hostname
from tenants.settings import Settings

ALLOWED_HEADERS = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "last-event-id",
    "traceparent",
    "tracestate",
    "x-request-id",
)
EXPOSED_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate", "X-Request-Id")
_METHODS = "GET, HEAD, POST"
_SECONDS = "7200"
"""Browsers keep the answer to a preflight no longer."""
_THIS_MACHINE = re.compile(r"https?://(localhost|[a-z0-9-]+\.localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
_GUARDED = ("/graphql", "/auth/")
"""Where a page of an origin that is not listed is refused; elsewhere it only cannot read the answer."""


class CrossOrigin:
    """Answers preflights, marks answers, and refuses pages of other origins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = _origin(scope) if scope["type"] == "http" else None
        if origin is None:
            await self._app(scope, receive, send)
            return
        state = scope["app"].state
        allowed = await allows(state.database, state.settings, scope, origin)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in Headers(scope=scope):
            await _preflight(origin, allowed)(scope, receive, send)
        elif not allowed and scope["path"].startswith(_GUARDED):
            await _refused(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, _marking(send, origin if allowed else None))


async def allows(database: Database, settings: Settings, scope: Scope, origin: str) -> bool:
    """Whether a page of this origin may call the portal that a request came to."""
    host = Headers(scope=scope).get("host", "")
    if origin == f"{scope['scheme'].replace('ws', 'http')}://{host.lower()}":
        return True
    if settings.environment == "development" and _THIS_MACHINE.fullmatch(origin):
        return True
    brand = await brand_of(database, hostname(host))
    return brand is not None and (origin == public_origin(settings, brand.host) or origin in brand.origins)


def _origin(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"origin":
            return str(value.decode("latin-1"))
    return None


def _preflight(origin: str, allowed: bool) -> Response:
    headers = {"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
    if not allowed:
        return Response(status_code=403, headers=headers)
    headers |= {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": ", ".join(ALLOWED_HEADERS),
        "Access-Control-Max-Age": _SECONDS,
    }
    return Response(status_code=204, headers=headers)


def _refused(scope: Scope) -> Response:
    message = "Pages of this origin may not call this portal; its brand lists those that may."
    error = {"message": message, "extensions": {"code": "ORIGIN_NOT_ALLOWED"}}
    body = {"errors": [error], "extensions": {"requestId": scope.get("request_id", "")}}
    headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store", "Vary": "Origin"}
    return Response(orjson.dumps(body), 403, headers)


def _marking(send: Send, allowed: str | None) -> Send:
    """Answers say that they differ by origin and, to an allowed one, that its page may read them."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.add_vary_header("Origin")
            if allowed:
                headers["Access-Control-Allow-Origin"] = allowed
                headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED_HEADERS)
        await send(message)

    return sending
