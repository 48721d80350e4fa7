"""Login sessions: opened by a login, carried on by refresh tokens, ended by logout, reuse or withdrawal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import SYSTEM
from tenants.auth import clock, tokens
from tenants.auth.keys import SigningKeys
from tenants.auth.models import LoginSession, RefreshToken
from tenants.auth.sealing import fingerprint, random_secret
from tenants.engine import Database
from tenants.models import Membership, UserAccount
from tenants.settings import Settings


@dataclass(frozen=True)
class Origin:
    """Where a login comes from."""

    host: str
    ip_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True)
class Tokens:
    """What a login returns; `expires_in` in seconds is the access token's."""

    access_token: str
    refresh_token: str
    expires_in: int
    session_id: UUID


async def open_session(
    session: AsyncSession,
    settings: Settings,
    membership: Membership,
    origin: Origin,
    *,
    method: str,
    strong: bool = False,
    client_id: UUID | None = None,
    scopes: Iterable[str] | None = None,
) -> LoginSession:
    """A new session of the membership's user."""
    login = LoginSession(
        user_id=membership.user_id,
        membership_id=membership.id,
        client_id=client_id,
        scopes=None if scopes is None else list(scopes),
        method=method,
        strong=strong,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent[:400],
        expires_at=clock.now() + timedelta(days=settings.refresh_token_days),
    )
    session.add(login)
    await session.flush()
    return login


async def tokens_of(
    session: AsyncSession, settings: Settings, keys: SigningKeys, login: LoginSession, host: str
) -> Tokens:
    """A fresh access token and a fresh refresh token of a user's session."""
    version = await session.scalar(select(UserAccount.security_version).where(UserAccount.id == login.user_id))
    assert version is not None, "a user's session has a user"
    access = tokens.issue(settings, keys, login, host=host, security_version=version)
    refresh = await add_refresh_token(session, login)
    return Tokens(access, refresh, settings.access_token_seconds, login.id)


async def add_refresh_token(session: AsyncSession, login: LoginSession) -> str:
    """The next refresh token of a session; only its hash is kept."""
    secret = random_secret()
    session.add(RefreshToken(session_id=login.id, token_hash=fingerprint(secret), expires_at=login.expires_at))
    await session.flush()
    return secret


async def end(session: AsyncSession, condition: object, reason: str) -> int:
    """End every open session that meets a condition on LoginSession; returns how many."""
    ended = update(LoginSession).where(LoginSession.ended_at.is_(None), condition)  # type: ignore[arg-type]  # any SQL condition
    result = await session.execute(ended.values(ended_at=clock.now(), ended_reason=reason))
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE has a row count


async def access_token_for(
    database: Database, settings: Settings, membership_id: UUID, *, host: str, strong: bool = False
) -> str:
    """An access token of a membership without a password: for the demo's printed query, and for tests."""
    keys = await tokens.keys_for(database, settings)
    async with database.session(SYSTEM) as session:
        membership = await session.get_one(Membership, membership_id)
        login = await open_session(session, settings, membership, Origin(host), method="console", strong=strong)
        return (await tokens_of(session, settings, keys, login, host)).access_token


def expired(at: datetime | None) -> bool:
    """Whether a time has passed."""
    return at is not None and at <= clock.now()
