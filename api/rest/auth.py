"""Logging in, staying logged in, logging out: JSON over POST at each brand's host."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from api.doors import Body, Handler, answered, door_of, token_answer
from api.openapi import PUBLIC, described, header, query
from api.openapi.logins import (
    AskForCode,
    CodeSent,
    ExchangeCode,
    LogIn,
    ProvidersAnswer,
    Refresh,
    ResetPassword,
    TokenAnswer,
    VerifyCode,
)
from api.openapi.shapes import NOTHING
from api.requests import RequestError
from domain.users import codes
from tenants.actor import SYSTEM
from tenants.auth import api_keys, login, oidc, tokens
from tenants.auth.errors import AuthError, Unauthenticated
from tenants.auth.login import Choice
from tenants.permissions import Role

_COOKIE = "chargecars_login"
_COOKIE_SECONDS = 900


@answered
async def log_in(request: Request) -> Response:
    """`{email, password, totp?, role?, membership_id?}` → tokens."""
    body = await Body.of(request)
    door = door_of(request)
    found = await login.with_password(door, body.email(), body.text("password"), body.optional("totp"), _choice(body))
    return token_answer(found)


@answered
async def refresh(request: Request) -> Response:
    """`{refresh_token}` → new tokens; the old refresh token is used up, and using it again ends the login."""
    body = await Body.of(request)
    return token_answer(await login.refresh(door_of(request), body.text("refresh_token")))


@answered
async def log_out(request: Request) -> Response:
    """Ends the login of the access token in the Authorization header, with all its tokens."""
    state = request.app.state
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer or api_keys.looks_like_one(bearer):
        raise Unauthenticated("TOKEN_INVALID", "Send the access token to end: Authorization: Bearer.")
    token = await tokens.verify(state.database, state.settings, bearer.strip())
    await login.log_out(state.database, token.session_id)
    return Response(status_code=204)


@answered
async def ask_for_code(request: Request) -> Response:
    """`{email, language?}` → 202, whether the address is a customer's or not."""
    body = await Body.of(request)
    await codes.ask_for_login_code(door_of(request), body.email(), body.language())
    return JSONResponse({"expires_in": codes.MINUTES * 60}, 202)


@answered
async def verify_code(request: Request) -> Response:
    """`{email, code, totp?, membership_id?}` → tokens."""
    body = await Body.of(request)
    door = door_of(request)
    found = await codes.log_in_with_code(door, body.email(), body.text("code"), body.optional("totp"), _choice(body))
    return token_answer(found)


@answered
async def forgot_password(request: Request) -> Response:
    """`{email, language?}` → 202, whether the address is a user's or not."""
    body = await Body.of(request)
    await codes.ask_for_password_reset(door_of(request), body.email(), body.language())
    return JSONResponse({"expires_in": codes.RESET_MINUTES * 60}, 202)


@answered
async def reset_password(request: Request) -> Response:
    """`{token, password}` → 204; every login of the user ends."""
    body = await Body.of(request)
    async with request.app.state.database.session(SYSTEM) as session:
        done = await codes.reset_password(session, body.text("token"), body.text("password"))
    if not done:
        raise Unauthenticated("CODE_INVALID", "The link is wrong, was used, or has expired.")
    return Response(status_code=204)


@answered
async def list_providers(request: Request) -> Response:
    """The identity providers at which employees of this portal can log in."""
    found = await oidc.providers(door_of(request))
    return JSONResponse({"providers": [{"id": str(id), "name": name} for id, name in found]})


@answered
async def start_oidc(request: Request) -> Response:
    """Sends the browser to the provider; `?return_to=` is a path of the portal."""
    door = door_of(request)
    started = await oidc.start(door, _provider_id(request), request.query_params.get("return_to", "/")[:500])
    answer = RedirectResponse(started.location, 303)
    answer.set_cookie(
        _COOKIE,
        started.browser,
        max_age=_COOKIE_SECONDS,
        path="/auth/oidc",
        httponly=True,
        samesite="lax",
        secure=door.settings.public_scheme == "https",
    )
    return answer


@answered
async def finish_oidc(request: Request) -> Response:
    """Where the provider sends the browser back: on to the portal, with a code that it exchanges for tokens."""
    given = request.query_params
    browser = request.cookies.get(_COOKIE, "")
    try:
        if "error" in given or not given.get("code"):
            raise Unauthenticated("OIDC_REFUSED", "The identity provider did not log the person in.")
        door = door_of(request)
        returned = await oidc.finish(door, _provider_id(request), given.get("state", ""), given["code"], browser)
    except AuthError as error:
        return RedirectResponse(f"/#login_error={error.code}", 303)
    return RedirectResponse(f"{returned.return_to}#login_code={returned.handover}", 303)


@answered
async def exchange_oidc(request: Request) -> Response:
    """`{code}` of the address the browser was sent back to → tokens, once, in that browser."""
    body = await Body.of(request)
    found = await oidc.exchange(door_of(request), body.text("code"), request.cookies.get(_COOKIE, ""))
    answer = token_answer(found)
    answer.delete_cookie(_COOKIE, path="/auth/oidc")
    return answer


def _choice(body: Body) -> Choice:
    role = body.optional("role")
    if role is not None and role not in login.ROLE_ORDER:
        raise RequestError(400, "BAD_REQUEST", f"`role` has to be one of {', '.join(login.ROLE_ORDER)}.", field="role")
    return Choice(Role(role) if role else None, body.id("membership_id"))


def _provider_id(request: Request) -> UUID:
    found: UUID = request.path_params["provider"]
    return found


_BAD: dict[int, tuple[str, ...]] = {
    400: ("BAD_JSON", "BAD_REQUEST", "UNKNOWN_PORTAL"),
    415: ("UNSUPPORTED_MEDIA_TYPE",),
}
_REFUSED: dict[int, tuple[str, ...]] = {**_BAD, 429: ("TOO_MANY_ATTEMPTS",)}
_LOGIN = ("CREDENTIALS_INVALID", "NO_ACCESS", "TOTP_REQUIRED", "TOTP_INVALID")


def _door(path: str, endpoint: Handler, summary: str, **said: Any) -> Route:
    codes = said.pop("codes", _REFUSED)
    methods = said.pop("methods", ["POST"])
    made = Route(path, endpoint, methods=methods)
    return described(made, summary=summary, tag="Log in", security=PUBLIC, codes=codes, **said)


ROUTES = [
    _door(
        "/auth/login",
        log_in,
        "Log in with a password.",
        body=LogIn,
        responses={200: TokenAnswer},
        codes={**_REFUSED, 401: _LOGIN},
        examples={"body": {"email": "beheer@partner.example", "password": "…"}},
    ),
    _door(
        "/auth/refresh",
        refresh,
        "New tokens for a refresh token, which is used up.",
        body=Refresh,
        responses={200: TokenAnswer},
        codes={**_REFUSED, 401: ("TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED", "NO_ACCESS")},
    ),
    _door(
        "/auth/logout",
        log_out,
        "End the login of the access token in the Authorization header.",
        responses={204: NOTHING},
        codes={401: ("TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_REVOKED")},
        parameters=[header("Authorization", "Bearer and the access token.")],
    ),
    _door(
        "/auth/code", ask_for_code, "Mail a customer a code to log in with.", body=AskForCode, responses={202: CodeSent}
    ),
    _door(
        "/auth/code/verify",
        verify_code,
        "Log in with the code.",
        body=VerifyCode,
        responses={200: TokenAnswer},
        codes={**_REFUSED, 401: ("CODE_INVALID", *_LOGIN[1:])},
    ),
    _door(
        "/auth/password/forgot",
        forgot_password,
        "Mail a link to choose a new password.",
        body=AskForCode,
        responses={202: CodeSent},
    ),
    _door(
        "/auth/password/reset",
        reset_password,
        "Choose a new password; every login of the user ends.",
        body=ResetPassword,
        responses={204: NOTHING},
        codes={**_REFUSED, 401: ("CODE_INVALID",)},
    ),
    _door(
        "/auth/oidc",
        list_providers,
        "The identity providers of this portal.",
        methods=["GET"],
        responses={200: ProvidersAnswer},
        codes={400: ("UNKNOWN_PORTAL",)},
    ),
    _door(
        "/auth/oidc/exchange",
        exchange_oidc,
        "Tokens for the code that the browser came back with.",
        body=ExchangeCode,
        responses={200: TokenAnswer},
        codes={**_REFUSED, 401: ("CODE_INVALID", "NO_ACCESS", "OIDC_STATE")},
    ),
    _door(
        "/auth/oidc/{provider:uuid}/start",
        start_oidc,
        "Send the browser to an identity provider.",
        methods=["GET"],
        responses={303: "To the provider."},
        codes={400: ("UNKNOWN_PORTAL", "UNKNOWN_PROVIDER"), 401: ("OIDC_FAILED",), 429: ("TOO_MANY_ATTEMPTS",)},
        parameters=[query("return_to", "A path of the portal.")],
    ),
    _door(
        "/auth/oidc/{provider:uuid}/callback",
        finish_oidc,
        "Where the provider sends the browser back.",
        methods=["GET"],
        responses={303: "To the portal, with a code or the reason why there is none."},
        codes={},
        parameters=[query("code", "The provider's."), query("state", "Ours."), query("error", "The provider's.")],
        why_unlisted="Identity providers send browsers here.",
    ),
]
