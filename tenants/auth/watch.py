"""Logins and keys that are watched while a connection of theirs is open: looked up anew, many in one query."""

import base64
import binascii
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import select

from tenants.actor import SYSTEM, Actor
from tenants.auth import api_keys, standing
from tenants.auth.authenticate import authenticate
from tenants.auth.errors import Unauthenticated
from tenants.auth.models import LoginSession, OAuthClient
from tenants.auth.standing import KeyStanding, Standing
from tenants.engine import Database
from tenants.models import Membership, UserAccount
from tenants.settings import Settings

Name: TypeAlias = UUID | str
"""Of what is watched: the id of a login session, or the prefix of an API key."""
Found: TypeAlias = Standing | KeyStanding | None

_AT_ONCE = 200


@dataclass(frozen=True)
class Credential:
    """A bearer that holds: for whom it speaks, until when, and as what it was found."""

    bearer: str
    host: str
    name: Name
    actor: Actor
    expires_at: datetime | None
    found: Found

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= datetime.now(UTC)


async def credential_of(database: Database, settings: Settings, bearer: str, host: str) -> Credential:
    """What a bearer stands for at this very moment. Raises: Unauthenticated."""
    name = _name(bearer)
    found = (await read(database, [name]))[name]
    return await _admitted(database, settings, bearer, host, name, found)


async def changed(database: Database, watched: Collection[Credential]) -> dict[Credential, Found]:
    """Those that are found as something else than when they were admitted, with what they are now."""
    now = await read(database, {credential.name for credential in watched})
    return {each: now[each.name] for each in watched if now[each.name] != each.found}


async def again(database: Database, settings: Settings, credential: Credential, found: Found) -> Credential:
    """The credential as it now is. Raises: Unauthenticated where it no longer holds."""
    return await _admitted(database, settings, credential.bearer, credential.host, credential.name, found)


async def read(database: Database, names: Collection[Name]) -> dict[Name, Found]:
    """What names are found as now, None for those that are not there."""
    found: dict[Name, Found] = dict.fromkeys(names)
    sessions = [name for name in names if isinstance(name, UUID)]
    for first in range(0, len(sessions), _AT_ONCE):
        found |= await _sessions(database, sessions[first : first + _AT_ONCE])
    for name in names:
        if isinstance(name, str):
            found[name] = _without_use(await standing.read_key(database, name))
    return found


async def _admitted(
    database: Database, settings: Settings, bearer: str, host: str, name: Name, found: Found
) -> Credential:
    """Authenticates on what was just read instead of what the process remembers."""
    if isinstance(name, UUID):
        standing.SESSIONS.put(database, name, found if isinstance(found, Standing) else None)
    else:
        standing.KEYS.forget(database)
    actor = await authenticate(database, settings, bearer=bearer, host=host)
    return Credential(bearer, host, name, actor, _expiry(bearer, found), found)


async def _sessions(database: Database, ids: Collection[UUID]) -> Mapping[Name, Found]:
    query = (
        select(
            LoginSession, UserAccount, Membership, OAuthClient, standing.entities_in_role(Membership).scalar_subquery()
        )
        .outerjoin(UserAccount, UserAccount.id == LoginSession.user_id)
        .outerjoin(Membership, Membership.id == LoginSession.membership_id)
        .outerjoin(OAuthClient, OAuthClient.id == LoginSession.client_id)
        .where(LoginSession.id.in_(ids))
    )
    async with database.session(SYSTEM) as session:
        rows: Any = (await session.execute(query)).all()
    return {row[0].id: _standing(*row) for row in rows}


def _standing(login: LoginSession, user: Any, membership: Any, client: Any, entities: Any) -> Standing:
    if user is None:
        return standing.of_client(login, client)
    return standing.of_user(login, user, membership, client, entities)


def _without_use(key: KeyStanding | None) -> KeyStanding | None:
    return replace(key, last_used_at=None) if key else None


def _name(bearer: str) -> Name:
    """Which login or key a bearer names; whether it is genuine is not looked at."""
    if api_keys.looks_like_one(bearer):
        return api_keys.split(bearer)[0]
    try:
        return UUID(str(_claims(bearer)["sid"]))
    except (KeyError, ValueError, TypeError):
        raise Unauthenticated("TOKEN_INVALID", "The access token is not valid.") from None


def _expiry(bearer: str, found: Found) -> datetime | None:
    if isinstance(found, KeyStanding):
        return found.expires_at
    return datetime.fromtimestamp(int(_claims(bearer)["exp"]), UTC)


def _claims(bearer: str) -> dict[str, Any]:
    """The claims of a token, whose signature is checked elsewhere."""
    parts = bearer.split(".")
    if len(parts) != 3 or len(bearer) > 4096:
        raise ValueError("not a token")
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, orjson.JSONDecodeError) as error:
        raise ValueError("not a token") from error
    if not isinstance(claims, dict):
        raise ValueError("not a token")
    return claims
