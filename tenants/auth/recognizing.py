"""Credentials that come again and again: the signature is checked once in a while, the standing every time."""

from base64 import urlsafe_b64decode
from dataclasses import dataclass

import orjson

from tenants.actor import Actor
from tenants.auth import api_keys, clock, tokens
from tenants.auth.authenticate import authenticate
from tenants.auth.keys import SigningKeys, signing_keys
from tenants.auth.memory import Memory
from tenants.auth.standing import Standing, session_standing
from tenants.auth.tokens import AccessToken
from tenants.brands import BrandFacts, brand_of
from tenants.engine import Database
from tenants.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class _Recognized:
    """An actor and everything that made it one; each of these is looked up again."""

    actor: Actor
    token: AccessToken
    expires_at: float
    keys: SigningKeys
    standing: Standing | None
    brand: BrandFacts | None


_TOKENS: Memory[str, _Recognized] = Memory()


async def recognize(database: Database, settings: Settings, *, bearer: str | None, host: str) -> Actor:
    """`authenticate`, which says who it is and raises; a token of which nothing has changed is not verified again.

    What it remembers adds nothing to the age of an answer: an actor holds only with the very keys, session and brand
    that it was made of, and those are at most some seconds old.
    """
    if not bearer or api_keys.looks_like_one(bearer):
        return await authenticate(database, settings, bearer=bearer, host=host)
    known = await _TOKENS.get(database, bearer, lambda: _look(database, settings, bearer, host))
    if not await _holds(database, settings, known):
        known = await _look(database, settings, bearer, host)
        _TOKENS.put(database, bearer, known)
    return known.actor


async def _holds(database: Database, settings: Settings, known: _Recognized) -> bool:
    if known.expires_at <= clock.now().timestamp():
        return False
    if await session_standing(database, known.token.session_id) is not known.standing:
        return False
    if await brand_of(database, known.token.issuer_host) is not known.brand:
        return False
    return await signing_keys(database, settings) is known.keys


async def _look(database: Database, settings: Settings, bearer: str, host: str) -> _Recognized:
    """What the actor is made of first: when it changes meanwhile, the actor does not hold."""
    keys = await signing_keys(database, settings)
    token = await tokens.verify(database, settings, bearer)
    standing = await session_standing(database, token.session_id)
    brand = await brand_of(database, token.issuer_host)
    actor = await authenticate(database, settings, bearer=bearer, host=host)
    return _Recognized(actor, token, _expiry(bearer), keys, standing, brand)


def _expiry(verified: str) -> float:
    """`exp` of a token whose signature has been checked, in seconds since 1970."""
    claims = verified.split(".")[1]
    return float(orjson.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
