"""What the login endpoints share: reading a JSON body, the portal as a door, refusals as errors."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.requests import JSON, RequestError, facts_of
from domain import validation
from domain.errors import DomainError, language_of
from tenants.auth.errors import AuthError, TooManyAttempts
from tenants.auth.limits import Attempts
from tenants.auth.login import Door
from tenants.auth.sessions import Origin, Tokens

NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_MOST = 2_000
Handler = Callable[[Request], Awaitable[Response]]


def door_of(request: Request) -> Door:
    """The portal that a request came to, with what a login needs."""
    state, facts = request.app.state, facts_of(request)
    origin = Origin(facts.host, facts.ip_address, facts.user_agent)
    return Door(state.database, state.settings, Attempts(state.redis), origin)


def answered(handler: Handler) -> Handler:
    """The handler with its refusals as `{"error": {"code", "message"}}`; nothing of it is cached."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except AuthError as error:
            raise refused(error) from None
        except DomainError as error:
            raise RequestError(400, error.code, error.message("en"), field=".".join(map(str, error.field))) from None
        response.headers.update(NEVER_KEPT)
        return response

    return answer


def refused(error: AuthError) -> RequestError:
    """The refusal as an HTTP answer."""
    made = RequestError(error.status, error.code, error.message)
    made.headers.update(NEVER_KEPT)
    if isinstance(error, TooManyAttempts):
        made.headers["Retry-After"] = str(error.retry_after)
    return made


def token_answer(tokens: Tokens) -> JSONResponse:
    """RFC 6749 §5.1."""
    return JSONResponse(
        {
            "token_type": "Bearer",
            "access_token": tokens.access_token,
            "expires_in": tokens.expires_in,
            "refresh_token": tokens.refresh_token,
        }
    )


@dataclass(frozen=True)
class Body:
    """The JSON object that was sent; a field of the wrong kind is a RequestError that names it."""

    values: Mapping[str, Any]

    @classmethod
    async def of(cls, request: Request) -> "Body":
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send Content-Type: {JSON}.")
        try:
            values = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            raise RequestError(400, "BAD_JSON", "The body is not valid JSON.") from None
        if not isinstance(values, dict):
            raise RequestError(400, "BAD_REQUEST", "The body has to be a JSON object.")
        return cls(values)

    def text(self, name: str) -> str:
        """A text that has to be there."""
        if found := self.optional(name):
            return found
        raise RequestError(400, "BAD_REQUEST", f"`{name}` is required.", field=name)

    def optional(self, name: str) -> str | None:
        """A text that may be left out."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or len(value) > _MOST:
            raise RequestError(
                400, "BAD_REQUEST", f"`{name}` has to be text of at most {_MOST} characters.", field=name
            )
        return value

    def email(self, name: str = "email") -> str:
        """An address in lower case."""
        return validation.email(self.text(name), name)

    def id(self, name: str) -> UUID | None:
        """A UUID that may be left out."""
        value = self.optional(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            raise RequestError(400, "BAD_REQUEST", f"`{name}` has to be a UUID.", field=name) from None

    def language(self) -> str:
        """`nl` or `en`, Dutch where it is not said."""
        return language_of(self.optional("language") or "nl")
