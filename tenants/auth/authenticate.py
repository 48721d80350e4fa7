"""From the Authorization header of a request to the actor it speaks for."""

import hmac
from dataclasses import replace

from tenants.actor import Actor, Client, anonymous
from tenants.auth import api_keys, clock, tokens
from tenants.auth.errors import Unauthenticated
from tenants.auth.scopes import permissions_within
from tenants.auth.sealing import fingerprint
from tenants.auth.standing import key_standing, note_use, session_standing
from tenants.brands import brand_of
from tenants.engine import Database
from tenants.settings import Settings


async def authenticate(database: Database, settings: Settings, *, bearer: str | None, host: str) -> Actor:
    """The actor of an access token or an API key; without either, a visitor of the portal at `host`.

    Raises Unauthenticated for a credential that is wrong, has expired or was withdrawn.
    """
    if not bearer:
        brand = await brand_of(database, host)
        return anonymous(brand.entity_id, brand.client) if brand else anonymous(None)
    if api_keys.looks_like_one(bearer):
        return await _of_key(database, bearer)
    return await _of_token(database, settings, bearer)


async def _of_token(database: Database, settings: Settings, bearer: str) -> Actor:
    token = await tokens.verify(database, settings, bearer)
    standing = await session_standing(database, token.session_id)
    claimed = (token.subject, token.membership_id, token.security_version)
    if standing is None or not standing.holds:
        raise Unauthenticated("TOKEN_REVOKED", "The login has ended.")
    if claimed != (standing.subject, standing.membership_id, standing.security_version):
        raise Unauthenticated("TOKEN_REVOKED", "The login has ended.")
    actor = standing.actor
    permissions = actor.permissions & permissions_within(actor.role, token.scopes)
    return replace(actor, permissions=permissions, client=actor.client or await _portal(database, token.issuer_host))


async def _portal(database: Database, host: str) -> Client | None:
    """A person without an application asks through the portal at which it has logged in."""
    brand = await brand_of(database, host)
    return brand.client if brand else None


async def _of_key(database: Database, bearer: str) -> Actor:
    prefix, secret = api_keys.split(bearer)
    key = await key_standing(database, prefix)
    known = key.secret_hash if key else fingerprint("")
    if not hmac.compare_digest(known, fingerprint(secret)) or key is None or key.revoked:
        raise Unauthenticated("KEY_INVALID", "The API key is not valid.")
    if key.expires_at and key.expires_at <= clock.now():
        raise Unauthenticated("KEY_EXPIRED", "The API key has expired.")
    await note_use(database, key)
    return key.actor
