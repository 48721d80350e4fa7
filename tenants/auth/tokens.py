"""Access tokens: ES256 JSON Web Tokens (RFC 9068) that name a login session and one membership."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from joserfc import jws, jwt
from joserfc.errors import JoseError

from tenants.auth import clock
from tenants.auth.errors import Unauthenticated
from tenants.auth.hosts import is_issuer, origin
from tenants.auth.keys import SigningKeys, verification_key
from tenants.auth.models import LoginSession
from tenants.engine import Database
from tenants.settings import Settings

AUDIENCE = "urn:chargecars:api"
TYPE = "at+jwt"
_ALGORITHMS = ["ES256"]
_LEEWAY = 5
_MOST = 4096
_INVALID = "The access token is not valid."


@dataclass(frozen=True)
class AccessToken:
    """What a verified token says; whether its session and membership still stand is the database's to say."""

    session_id: UUID
    subject: UUID
    membership_id: UUID | None
    security_version: int
    scopes: tuple[str, ...] | None
    issuer_host: str
    """Host name of the portal that issued it."""


def issue(
    settings: Settings,
    keys: SigningKeys,
    session: LoginSession,
    *,
    host: str,
    security_version: int = 0,
    client_key: str | None = None,
    scopes: Iterable[str] | None = None,
) -> str:
    """The signed token of a login session, issued by the portal at `host`; with fewer scopes where given."""
    now = int(clock.now().timestamp())
    key = keys.signing()
    granted = session.scopes if scopes is None else scopes
    claims: dict[str, Any] = {
        "iss": origin(settings, host),
        "aud": AUDIENCE,
        "sub": str(session.user_id or session.client_id),
        "sid": str(session.id),
        "mid": str(session.membership_id) if session.membership_id else None,
        "ver": security_version,
        "iat": now,
        "nbf": now,
        "exp": now + settings.access_token_seconds,
        "jti": uuid4().hex,
    }
    claims |= {"client_id": client_key} if client_key else {}
    claims |= {} if granted is None else {"scope": " ".join(granted)}
    return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": TYPE}, claims, _private(key.private), _ALGORITHMS)


async def verify(database: Database, settings: Settings, token: str) -> AccessToken:
    """Check signature, type, issuer, audience and time; TOKEN_INVALID or TOKEN_EXPIRED where they are wrong."""
    claims = await _signed_claims(database, settings, token)
    if claims.get("aud") != AUDIENCE or not await is_issuer(database, settings, claims.get("iss")):
        raise Unauthenticated("TOKEN_INVALID", _INVALID)
    _check_time(claims)
    try:
        return _read(claims)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unauthenticated("TOKEN_INVALID", _INVALID) from error


async def _signed_claims(database: Database, settings: Settings, token: str) -> dict[str, Any]:
    if len(token) > _MOST:
        raise Unauthenticated("TOKEN_INVALID", _INVALID)
    try:
        header = jws.extract_compact(token.encode()).headers()
        # The algorithm and the key are ours to choose: of the header only `kid` is looked at, among our own keys.
        key = await verification_key(database, settings, header.get("kid"))
        if key is None or header.get("typ") != TYPE or header.get("alg") not in _ALGORITHMS:
            raise Unauthenticated("TOKEN_INVALID", _INVALID)
        return jwt.decode(token, key, _ALGORITHMS).claims
    except (JoseError, ValueError, TypeError) as error:
        raise Unauthenticated("TOKEN_INVALID", _INVALID) from error


def _check_time(claims: dict[str, Any]) -> None:
    times = [claims.get(name) for name in ("nbf", "iat", "exp")]
    if any(isinstance(t, bool) or not isinstance(t, int) for t in times):
        raise Unauthenticated("TOKEN_INVALID", _INVALID)
    now = clock.now().timestamp()
    if claims["nbf"] > now + _LEEWAY or claims["iat"] > now + _LEEWAY:
        raise Unauthenticated("TOKEN_INVALID", _INVALID)
    if claims["exp"] <= now:
        raise Unauthenticated("TOKEN_EXPIRED", "The access token has expired.")


def _read(claims: dict[str, Any]) -> AccessToken:
    scope = claims.get("scope")
    return AccessToken(
        session_id=UUID(claims["sid"]),
        subject=UUID(claims["sub"]),
        membership_id=UUID(claims["mid"]) if claims["mid"] else None,
        security_version=int(claims["ver"]),
        scopes=None if scope is None else tuple(scope.split()),
        issuer_host=urlsplit(claims["iss"]).hostname or "",
    )


def _private(key: Any) -> Any:
    assert key is not None, "a key that signs has its private part"
    return key
