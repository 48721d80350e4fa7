"""The OAuth 2.1 authorization server of each brand's host: RFC 6749, 7009, 7636, 7662, 8414, 9207, 7517."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from api import authorization_page
from api.authorization_page import Form
from api.doors import NEVER_KEPT, answered, door_of
from api.openapi import CLIENT, PUBLIC, Media, described, query
from api.openapi.logins import AUTHORIZATION_PARAMETERS, Introspected, OAuthError, TokenAnswer, TokenForm, TokenToLookAt
from api.openapi.shapes import HTML, Jwks
from api.requests import RequestError
from domain.errors import language_of
from tenants.actor import SYSTEM
from tenants.auth import login, tokens
from tenants.auth.errors import AuthError, Unauthenticated
from tenants.auth.hosts import origin
from tenants.auth.keys import signing_keys
from tenants.auth.login import Door
from tenants.auth.oauth import Here, Reply, Request
from tenants.auth.oauth_client import GRANT_TYPES, Granted
from tenants.auth.oauth_grants import Consent, asked, endpoint_response, granted, token_response
from tenants.auth.scopes import PERMISSION_OF
from tenants.auth.sealing import peppered, random_secret
from tenants.brands import brand_of

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 40
_COOKIE = "chargecars_consent"
_CSRF = "authorization page"
_CONFIDENTIAL = ["client_secret_basic", "client_secret_post"]
_METADATA_SECONDS = 300


async def metadata(request: HttpRequest) -> Response:
    """RFC 8414; the same under OpenID Connect's name for clients that look there."""
    door = door_of(request)
    await _known_portal(door)
    issuer = origin(door.settings, door.origin.host)
    return JSONResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "introspection_endpoint": f"{issuer}/oauth/introspect",
            "jwks_uri": f"{issuer}/oauth/jwks.json",
            "scopes_supported": sorted(PERMISSION_OF),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANT_TYPES),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", *_CONFIDENTIAL],
            "revocation_endpoint_auth_methods_supported": ["none", *_CONFIDENTIAL],
            "introspection_endpoint_auth_methods_supported": _CONFIDENTIAL,
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": ["nl", "en"],
        },
        headers={"Cache-Control": f"public, max-age={_METADATA_SECONDS}"},
    )


async def jwks(request: HttpRequest) -> Response:
    """RFC 7517: the keys of access tokens; a new one is here an hour before it signs."""
    state = request.app.state
    keys = await signing_keys(state.database, state.settings)
    return JSONResponse(keys.jwks(), headers={"Cache-Control": f"public, max-age={_METADATA_SECONDS}"})


@answered
async def token(request: HttpRequest) -> Response:
    """The token endpoint."""
    form = await _form(request)
    async with _here(door_of(request)) as here:
        reply = await token_response(here, Request("POST", form, request.headers))
    return _plain(reply)


@answered
async def revoke(request: HttpRequest) -> Response:
    """RFC 7009. Revoking one token ends the login it belongs to."""
    return await _about_token(request, "revocation")


@answered
async def introspect(request: HttpRequest) -> Response:
    """RFC 7662, for the application's own tokens."""
    return await _about_token(request, "introspection")


@answered
async def show_authorization(request: HttpRequest) -> Response:
    """The page on which a person logs in and consents."""
    door = door_of(request)
    async with _here(door) as here:
        found = await asked(here, _authorization_request(request))
    return await _page(request, door, found) if isinstance(found, Consent) else _not_in_order(request, found)


@answered
async def decide_authorization(request: HttpRequest) -> Response:
    """The person's decision: back to the application with a code, or with access_denied."""
    door = door_of(request)
    fields = dict(await _form(request))
    async with _here(door) as here:
        found = await asked(here, _authorization_request(request))
    if not isinstance(found, Consent):
        return _not_in_order(request, found)
    if not _is_own_form(request, door, fields.get("csrf", "")):
        return await _page(request, door, found, error="FORM_EXPIRED", status=403)
    if fields.get("decision") != "allow":
        return await _back(request, door, None)
    try:
        return await _allowed(request, door, found, fields)
    except AuthError as error:
        email = fields.get("email", "")[:254]
        return await _page(request, door, found, error=error.code, status=error.status, email=email)


async def _allowed(request: HttpRequest, door: Door, found: Consent, fields: dict[str, str]) -> Response:
    """Check password and second factor, choose the membership, and issue the code, in one transaction."""
    email = fields.get("email", "").strip().lower()[:254]
    user_id = await login.proved_by_password(door, email, fields.get("password", ""))
    async with _here(door) as here:
        membership, strong = await login.admitted(
            here.session, door, user_id, here.entity_id, fields.get("totp"), found.choice(), door.limits(email)
        )
        reply = await granted(here, _authorization_request(request), Granted(membership, strong))
    return _redirected(reply)


async def _back(request: HttpRequest, door: Door, whom: Granted | None) -> Response:
    async with _here(door) as here:
        return _redirected(await granted(here, _authorization_request(request), whom))


async def _about_token(request: HttpRequest, endpoint: str) -> Response:
    form = await _form(request)
    door = door_of(request)
    presented = await _access_token(door, dict(form).get("token", ""))
    async with _here(door) as here:
        reply = await endpoint_response(
            replace(here, presented=presented), Request("POST", form, request.headers), endpoint
        )
    return _plain(reply)


async def _access_token(door: Door, text: str) -> tokens.AccessToken | None:
    try:
        return await tokens.verify(door.database, door.settings, text)
    except Unauthenticated:
        return None


@asynccontextmanager
async def _here(door: Door) -> AsyncIterator[Here]:
    """The portal's authorization server in one transaction."""
    entity_id = await _known_portal(door)
    keys = await signing_keys(door.database, door.settings)
    async with door.database.session(SYSTEM) as session:
        yield Here(door.database, door.settings, session, keys, entity_id, door.origin)


async def _known_portal(door: Door) -> Any:
    try:
        return await door.entity_id()
    except AuthError as error:
        raise RequestError(404, error.code, error.message) from None


# --- requests and answers -----------------------------------------------------------------------------------------


async def _form(request: HttpRequest) -> list[tuple[str, str]]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send Content-Type: {_FORM}.")
    try:
        return parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise RequestError(400, "BAD_REQUEST", "The form cannot be read.") from None


def _authorization_request(request: HttpRequest) -> Request:
    return Request("GET", request.query_params.multi_items(), {})


def _plain(reply: Reply) -> Response:
    body = dict(reply.body) if isinstance(reply.body, list) else reply.body
    return JSONResponse(body, reply.status, {**dict(reply.headers), "Content-Type": "application/json"})


def _redirected(reply: Reply) -> Response:
    """303, so that no browser sends the password on to the application."""
    if reply.location is None:
        return _plain(reply)
    return Response(status_code=303, headers={"Location": reply.location, **NEVER_KEPT})


def _not_in_order(request: HttpRequest, reply: Reply) -> Response:
    if reply.location is not None:
        return _redirected(reply)
    return HTMLResponse(authorization_page.refusal(_language(request)), 400, authorization_page.headers())


async def _page(
    request: HttpRequest, door: Door, found: Consent, *, error: str | None = None, status: int = 200, email: str = ""
) -> Response:
    brand = await brand_of(door.database, door.origin.host)
    browser = request.cookies.get(_COOKIE) or random_secret()
    shown = Form(
        language=_language(request),
        brand=brand.name if brand else "",
        client=found.client.name,
        scopes=found.scopes,
        redirect_uri=found.redirect_uri,
        query=request.url.query,
        csrf=_csrf(door, browser, request.url.query),
        error=error,
        email=email,
    )
    answer = HTMLResponse(authorization_page.form(shown), status, authorization_page.headers(found.redirect_uri))
    answer.set_cookie(
        _COOKIE,
        browser,
        max_age=900,
        path="/oauth/authorize",
        httponly=True,
        samesite="strict",
        secure=door.settings.public_scheme == "https",
    )
    return answer


def _is_own_form(request: HttpRequest, door: Door, csrf: str) -> bool:
    """The form came from our page in this browser, for this very request."""
    sender = request.headers.get("origin")
    if sender not in (None, "null") and urlsplit(sender or "").netloc != request.headers.get("host"):
        return False
    browser = request.cookies.get(_COOKIE, "")
    return bool(browser) and hmac.compare_digest(_csrf(door, browser, request.url.query).encode(), csrf.encode())


def _csrf(door: Door, browser: str, query: str) -> str:
    return peppered(door.settings, _CSRF, browser, query)


def _language(request: HttpRequest) -> str:
    wanted = request.query_params.get("ui_locales") or request.headers.get("accept-language") or "nl"
    return language_of(wanted)


_BAD: dict[int, tuple[str, ...]] = {400: ("BAD_REQUEST",), 404: ("UNKNOWN_PORTAL",), 415: ("UNSUPPORTED_MEDIA_TYPE",)}
_METADATA: dict[str, Any] = {
    "summary": "What this authorization server can do (RFC 8414).",
    "tag": "OAuth",
    "security": PUBLIC,
    "responses": {200: {"type": "object"}},
    "codes": {404: ("UNKNOWN_PORTAL",)},
}
_PERSONS: dict[str, Any] = {
    "tag": "OAuth",
    "security": PUBLIC,
    "codes": {k: v for k, v in _BAD.items() if k != 400},
    "parameters": [query(name, words) for name, words in AUTHORIZATION_PARAMETERS.items()],
    "why_unlisted": "A page for persons; applications send browsers here.",
}
ROUTES = [
    described(Route("/.well-known/oauth-authorization-server", metadata, methods=["GET"]), **_METADATA),
    described(Route("/.well-known/openid-configuration", metadata, methods=["GET"]), **_METADATA),
    described(
        Route("/oauth/jwks.json", jwks, methods=["GET"]),
        summary="The keys of access tokens (RFC 7517).",
        tag="OAuth",
        security=PUBLIC,
        responses={200: Jwks},
    ),
    described(
        Route("/oauth/authorize", show_authorization, methods=["GET"]),
        summary="The page on which a person logs in and consents.",
        responses={200: HTML, 303: "Back to the application.", 400: (Media(HTML), Media("application/json"))},
        **_PERSONS,
    ),
    described(
        Route("/oauth/authorize", decide_authorization, methods=["POST"]),
        summary="The person's decision.",
        body=Media(_FORM, {"type": "object"}),
        responses={
            303: "Back to the application with a code, or with access_denied.",
            **{status: (Media(HTML), Media("application/json")) for status in (400, 401, 403, 429)},
        },
        **_PERSONS,
    ),
    described(
        Route("/oauth/token", token, methods=["POST"]),
        summary="Tokens for an application: authorization_code, client_credentials, refresh_token.",
        tag="OAuth",
        security=CLIENT,
        body=Media(_FORM, TokenForm),
        responses={200: TokenAnswer, 400: OAuthError, 401: OAuthError},
        codes={404: ("UNKNOWN_PORTAL",), 415: ("UNSUPPORTED_MEDIA_TYPE",)},
        examples={"body": {"grant_type": "client_credentials", "scope": "orders:read"}},
    ),
    described(
        Route("/oauth/revoke", revoke, methods=["POST"]),
        summary="Revoke a token, and with it the login it belongs to (RFC 7009).",
        tag="OAuth",
        security=CLIENT,
        body=Media(_FORM, TokenToLookAt),
        responses={200: Media("application/json", {}), 400: OAuthError, 401: OAuthError},
        codes={404: ("UNKNOWN_PORTAL",), 415: ("UNSUPPORTED_MEDIA_TYPE",)},
    ),
    described(
        Route("/oauth/introspect", introspect, methods=["POST"]),
        summary="What is behind one of the application's own tokens (RFC 7662).",
        tag="OAuth",
        security=CLIENT,
        body=Media(_FORM, TokenToLookAt),
        responses={200: Introspected, 400: OAuthError, 401: OAuthError},
        codes={404: ("UNKNOWN_PORTAL",), 415: ("UNSUPPORTED_MEDIA_TYPE",)},
    ),
]
