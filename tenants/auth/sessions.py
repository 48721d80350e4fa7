"""Login sessions: opened by a login, carried on by refresh tokens, ended by logout, reuse or withdrawal."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import SYSTEM
from tenants.auth import clock, tokens
from tenants.auth.keys import SigningKeys, signing_keys
from tenants.auth.models import LoginSession, OAuthClient, RefreshToken
from tenants.auth.sealing import fingerprint, random_secret
from tenants.engine import Database
from tenants.models import Membership, MembershipStatus, UserAccount, UserStatus
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
    only_entity_id: UUID | None = None,
    scopes: Iterable[str] | None = None,
) -> LoginSession:
    """A new session of the membership's user."""
    login = LoginSession(
        user_id=membership.user_id,
        membership_id=membership.id,
        client_id=client_id,
        only_entity_id=only_entity_id,
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


async def carried_on_by(
    session: AsyncSession, secret: str, client_id: UUID | None = None
) -> tuple[RefreshToken, LoginSession] | None:
    """The refresh token, locked, and the session that it carries on; None where it does not.

    A token that was used before ends its session: either the first or this use was a thief's. Commit in both cases.
    """
    query = (
        select(RefreshToken, LoginSession)
        .join(LoginSession, LoginSession.id == RefreshToken.session_id)
        .where(RefreshToken.token_hash == fingerprint(secret), LoginSession.client_id.is_not_distinct_from(client_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None
    token, login = found
    if token.used_at is not None:
        await end(session, LoginSession.id == login.id, "refresh token reused")
        return None
    if expired(token.expires_at) or not await stands(session, login):
        return None
    return token, login


def use_up(settings: Settings, token: RefreshToken, login: LoginSession) -> None:
    """The token has done its work; the session lives on from now."""
    token.used_at = clock.now()
    login.expires_at = token.used_at + timedelta(days=settings.refresh_token_days)


async def stands(session: AsyncSession, login: LoginSession) -> bool:
    """Whether a session is open, and its user, membership and application are still what they were."""
    query = (
        select(UserAccount.status, Membership.status, OAuthClient.revoked_at)
        .select_from(LoginSession)
        .outerjoin(Membership, Membership.id == LoginSession.membership_id)
        .outerjoin(UserAccount, UserAccount.id == LoginSession.user_id)
        .outerjoin(OAuthClient, OAuthClient.id == LoginSession.client_id)
        .where(LoginSession.id == login.id, LoginSession.ended_at.is_(None))
    )
    row = (await session.execute(query)).one_or_none()
    if row is None or row[2] is not None or expired(login.expires_at):
        return False
    return login.user_id is None or (row[0] == UserStatus.ACTIVE and row[1] == MembershipStatus.ACTIVE)


async def end_of_user(session: AsyncSession, user_id: UUID, reason: str) -> None:
    """End all sessions of a user and make every token issued to it void."""
    await end(session, LoginSession.user_id == user_id, reason)
    raised = update(UserAccount).where(UserAccount.id == user_id)
    await session.execute(raised.values(security_version=UserAccount.security_version + 1))


async def end(session: AsyncSession, condition: ColumnElement[bool], reason: str) -> int:
    """End every open session that meets a condition on LoginSession; returns how many."""
    ended = update(LoginSession).where(LoginSession.ended_at.is_(None), condition)
    result = await session.execute(ended.values(ended_at=clock.now(), ended_reason=reason))
    return int(result.rowcount)  # type: ignore[attr-defined]  # an UPDATE has a row count


async def access_token_for(
    database: Database, settings: Settings, membership_id: UUID, *, host: str, strong: bool = False
) -> str:
    """An access token of a membership without a password: for the demo's printed query, and for tests."""
    keys = await signing_keys(database, settings)
    async with database.session(SYSTEM) as session:
        membership = await session.get_one(Membership, membership_id)
        login = await open_session(session, settings, membership, Origin(host), method="console", strong=strong)
        return (await tokens_of(session, settings, keys, login, host)).access_token


def expired(at: datetime | None) -> bool:
    """Whether a time has passed."""
    return at is not None and at <= clock.now()
