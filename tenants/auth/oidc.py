"""Login by an entity's own OpenID Connect provider: authorization code with state, nonce and PKCE (Core 1.0 §3.1).

It vouches for the entity's employees at that entity, and for nobody and nothing else.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import SYSTEM
from tenants.audience import Audience
from tenants.auth import clock, login
from tenants.auth.errors import BadRequest, Unauthenticated
from tenants.auth.fetching import FetchError, fetch_json
from tenants.auth.hosts import origin
from tenants.auth.keys import signing_keys
from tenants.auth.login import Choice, Door
from tenants.auth.memory import Memory
from tenants.auth.models import ExternalIdentity, IdentityProvider, OidcLogin
from tenants.auth.sealing import fingerprint, random_secret, seal, unseal
from tenants.auth.sessions import Tokens
from tenants.engine import Database
from tenants.models import Membership, UserAccount, UserStatus
from tenants.permissions import AUDIENCE_OF, Role
from tenants.settings import Settings

EMPLOYEES = tuple(role for role in Role if AUDIENCE_OF[role] in (Audience.STAFF, Audience.TECHNICIAN))
"""Partners and customers sign for themselves: no business entity may vouch for them."""
UNDER_WAY = timedelta(minutes=10)
HANDOVER = timedelta(seconds=60)
_LEEWAY = 60
_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
_SECOND_FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face"})
_SECRET = "identity provider"  # noqa: S105  # a purpose, not a secret
_VERIFIER = "oidc verifier"
_DISCOVERED: Memory[str, dict[str, Any]] = Memory(600.0)
_JWKS: Memory[str, dict[str, Any]] = Memory(300.0)


@dataclass(frozen=True)
class Started:
    """Where to send the browser, and what it has to bring back in a cookie."""

    location: str
    browser: str


@dataclass(frozen=True)
class Returned:
    """Where the portal takes over, and the secret it exchanges for tokens."""

    return_to: str
    handover: str


def sealed_secret(settings: Settings, provider_id: UUID, secret: str) -> bytes:
    """The client secret as it is kept."""
    return seal(settings, _SECRET, str(provider_id), secret.encode())


async def providers(door: Door) -> list[tuple[UUID, str]]:
    """Id and name of the providers of the portal."""
    entity_id = await door.entity_id()
    query = select(IdentityProvider.id, IdentityProvider.name).where(
        IdentityProvider.entity_id == entity_id, IdentityProvider.enabled
    )
    async with door.database.session(SYSTEM) as session:
        return [(id, name) for id, name in await session.execute(query.order_by(IdentityProvider.name))]


async def start(door: Door, provider_id: UUID, return_to: str) -> Started:
    """Begin a login at a provider of the portal. Raises BadRequest, and Unauthenticated where it does not answer."""
    provider = await _provider(door, provider_id)
    found = await _discover(door, provider)
    state, nonce, verifier, browser = random_secret(), random_secret(), random_secret(), random_secret()
    context = fingerprint(state)
    async with door.database.session(SYSTEM) as session:
        session.add(
            OidcLogin(
                provider_id=provider.id,
                state_hash=context,
                browser_hash=fingerprint(browser),
                nonce=nonce,
                code_verifier=seal(door.settings, _VERIFIER, context, verifier.encode()),
                host=door.origin.host,
                return_to=_own_path(return_to),
                expires_at=clock.now() + UNDER_WAY,
            )
        )
    parameters = {
        "response_type": "code",
        "client_id": provider.client_key,
        "redirect_uri": _callback(door, provider),
        "scope": "openid email profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    endpoint = found["authorization_endpoint"]
    return Started(f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}", browser)


async def finish(door: Door, provider_id: UUID, state: str, code: str, browser: str) -> Returned:
    """Take a person back from the provider. Raises Unauthenticated: OIDC_STATE, OIDC_FAILED, NO_ACCESS."""
    provider = await _provider(door, provider_id)
    under_way = await _take(door, provider, state, browser)
    verifier = unseal(door.settings, _VERIFIER, under_way.state_hash, under_way.code_verifier).decode()
    claims = await _claims(door, provider, code, verifier, under_way.nonce)
    handover = random_secret()
    async with door.database.session(SYSTEM) as session:
        membership = await _membership(session, provider, claims)
        kept = await session.get_one(OidcLogin, under_way.id, with_for_update=True)
        kept.handover_hash, kept.membership_id = fingerprint(handover), membership.id
        kept.strong = bool(_SECOND_FACTORS & _texts(claims.get("amr")))
        kept.expires_at = clock.now() + HANDOVER
    return Returned(under_way.return_to, handover)


async def exchange(door: Door, handover: str, browser: str) -> Tokens:
    """Tokens for a login that came back to this portal in this browser, once."""
    keys = await signing_keys(door.database, door.settings)
    refused = Unauthenticated("CODE_INVALID", "The login was not completed, or its code was used.")
    async with door.database.session(SYSTEM) as session:
        query = select(OidcLogin).where(OidcLogin.handover_hash == fingerprint(handover)).with_for_update()
        kept = (await session.scalars(query)).one_or_none()
        if kept is None or not _is_of(kept, door, browser) or kept.expires_at <= clock.now():
            raise refused
        membership = await session.get_one(Membership, kept.membership_id)
        provider = await session.get_one(IdentityProvider, kept.provider_id)
        chosen = Choice(membership_id=membership.id, among=EMPLOYEES)
        user = await session.get_one(UserAccount, membership.user_id, with_for_update=True)
        holds = await login.choose(session, user.id, provider.entity_id, chosen) is not None
        if not (holds and provider.enabled and user.status == UserStatus.ACTIVE):
            raise refused
        kept.handover_hash = None
        user.last_login_at = clock.now()
        return await login.enter(
            session, door, keys, membership, method="oidc", strong=kept.strong, only_entity_id=provider.entity_id
        )


def forget(database: Database) -> None:
    """Ask the providers anew next time, in this process."""
    _DISCOVERED.forget(database)
    _JWKS.forget(database)


# --- the provider -------------------------------------------------------------------------------------------------


async def _provider(door: Door, provider_id: UUID) -> IdentityProvider:
    entity_id = await door.entity_id()
    query = select(IdentityProvider).where(
        IdentityProvider.id == provider_id, IdentityProvider.entity_id == entity_id, IdentityProvider.enabled
    )
    async with door.database.session(SYSTEM) as session:
        found = (await session.scalars(query)).one_or_none()
    if found is None:
        raise BadRequest("UNKNOWN_PROVIDER", "This portal has no such identity provider.")
    return found


async def _discover(door: Door, provider: IdentityProvider) -> dict[str, Any]:
    """OpenID Connect Discovery §4."""
    url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        found = await _DISCOVERED.get(door.database, url, lambda: fetch_json(door.settings, url))
    except FetchError as error:
        raise _failed("The identity provider does not answer.") from error
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != provider.issuer or not all(isinstance(found.get(name), str) for name in needed):
        raise _failed("The identity provider's configuration is not that of its issuer.")
    if not _safe_to_visit(door.settings, found["authorization_endpoint"]):
        raise _failed("The identity provider's login page is not reached over https.")
    return found


async def _claims(door: Door, provider: IdentityProvider, code: str, verifier: str, nonce: str) -> dict[str, Any]:
    """The verified claims of the ID token that the code is exchanged for."""
    found = await _discover(door, provider)
    secret = unseal(door.settings, _SECRET, str(provider.id), provider.client_secret).decode()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _callback(door, provider),
        "code_verifier": verifier,
    }
    try:
        answer = await fetch_json(door.settings, found["token_endpoint"], form=form, auth=(provider.client_key, secret))
        claims = await _verified(door, found["jwks_uri"], str(answer.get("id_token", "")))
    except (FetchError, JoseError, ValueError) as error:
        raise _failed("The identity provider did not confirm the login.") from error
    _check_claims(provider, claims, nonce)
    return claims


async def _verified(door: Door, jwks_uri: str, id_token: str) -> dict[str, Any]:
    """Claims under a signature of one of the provider's keys, which are read anew when none of them fits."""
    kept = await _JWKS.get(door.database, jwks_uri, lambda: fetch_json(door.settings, jwks_uri))
    try:
        return jwt.decode(id_token, _key_set(kept), _ALGORITHMS).claims
    except (JoseError, ValueError):
        _JWKS.forget(door.database)
        fresh = await _JWKS.get(door.database, jwks_uri, lambda: fetch_json(door.settings, jwks_uri))
        return jwt.decode(id_token, _key_set(fresh), _ALGORITHMS).claims


def _key_set(jwks: dict[str, Any]) -> KeySet:
    """The public keys; a symmetric key in a JWKS would be public, and is left out."""
    keys = [key for key in jwks.get("keys", ()) if isinstance(key, dict) and key.get("kty") in ("RSA", "EC", "OKP")]
    return KeySet.import_key_set({"keys": keys})


def _check_claims(provider: IdentityProvider, claims: dict[str, Any], nonce: str) -> None:
    """Core 1.0 §3.1.3.7."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    now = clock.now().timestamp()
    holds = (
        claims.get("iss") == provider.issuer
        and provider.client_key in audiences
        and (len(audiences) == 1 or claims.get("azp") == provider.client_key)
        and hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
        and _number(claims.get("exp")) > now - _LEEWAY
        and 0 < _number(claims.get("iat")) <= now + _LEEWAY
        and isinstance(claims.get("sub"), str)
        and 0 < len(claims["sub"]) <= 255
    )
    if not holds:
        raise _failed("The identity provider's answer is not for this login.")


# --- the person ---------------------------------------------------------------------------------------------------


async def _membership(session: AsyncSession, provider: IdentityProvider, claims: dict[str, Any]) -> Membership:
    """The employee's membership of the provider's entity; the subject is linked by a verified address once."""
    user_id = await _linked(session, provider, claims) or await _by_address(session, provider, claims)
    role = Role(provider.default_role) if provider.default_role else None
    if user_id is not None:
        for choice in (Choice(role=role, among=EMPLOYEES), Choice(among=EMPLOYEES)):
            if found := await login.choose(session, user_id, provider.entity_id, choice):
                await _link(session, provider, claims, user_id)
                return found
    raise Unauthenticated("NO_ACCESS", "This account has no access to this portal.")


async def _linked(session: AsyncSession, provider: IdentityProvider, claims: dict[str, Any]) -> UUID | None:
    query = select(ExternalIdentity.user_id).where(
        ExternalIdentity.provider_id == provider.id,
        ExternalIdentity.issuer == claims["iss"],
        ExternalIdentity.subject == claims["sub"],
    )
    return await session.scalar(query)


async def _by_address(session: AsyncSession, provider: IdentityProvider, claims: dict[str, Any]) -> UUID | None:
    email = str(claims.get("email", "")).lower()
    domain = email.rpartition("@")[2]
    if claims.get("email_verified") is not True or domain not in provider.email_domains:
        return None
    linked = select(ExternalIdentity.id).where(
        ExternalIdentity.provider_id == provider.id, ExternalIdentity.user_id == UserAccount.id
    )
    query = select(UserAccount.id).where(func.lower(UserAccount.email) == email, ~linked.exists())
    return await session.scalar(query.where(UserAccount.status == UserStatus.ACTIVE))


async def _link(session: AsyncSession, provider: IdentityProvider, claims: dict[str, Any], user_id: UUID) -> None:
    if await _linked(session, provider, claims) is None:
        values = {"provider_id": provider.id, "issuer": claims["iss"], "subject": claims["sub"], "user_id": user_id}
        session.add(ExternalIdentity(**values))
        await session.flush()


# --- the way there and back ---------------------------------------------------------------------------------------


async def _take(door: Door, provider: IdentityProvider, state: str, browser: str) -> OidcLogin:
    """The login that is under way under this state in this browser, used up."""
    async with door.database.session(SYSTEM) as session:
        query = select(OidcLogin).where(OidcLogin.state_hash == fingerprint(state)).with_for_update()
        kept = (await session.scalars(query)).one_or_none()
        fits = kept is not None and kept.provider_id == provider.id and _is_of(kept, door, browser)
        if kept is None or not fits or kept.used_at is not None or kept.expires_at <= clock.now():
            raise Unauthenticated("OIDC_STATE", "This login was not started here, or took too long.")
        kept.used_at = clock.now()
        return kept


def _is_of(kept: OidcLogin, door: Door, browser: str) -> bool:
    return hmac.compare_digest(kept.browser_hash, fingerprint(browser)) and kept.host == door.origin.host


def _own_path(return_to: str) -> str:
    """A path of the portal itself; anything else could lead the person astray."""
    plain = return_to.isascii() and return_to.isprintable() and "\\" not in return_to and "#" not in return_to
    return return_to if plain and return_to.startswith("/") and not return_to.startswith("//") else "/"


def _callback(door: Door, provider: IdentityProvider) -> str:
    return f"{origin(door.settings, door.origin.host)}/auth/oidc/{provider.id}/callback"


def _safe_to_visit(settings: Settings, url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    local = not settings.production and parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "https" or (local and parts.scheme == "http")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _failed(message: str) -> Unauthenticated:
    return Unauthenticated("OIDC_FAILED", message)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _texts(value: Any) -> frozenset[str]:
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
