"""Deleting what proves nothing any more, after the time in which it may still be asked about."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.auth import clock
from tenants.auth.models import AuthorizationCode, LoginSession, OidcLogin, OneTimeCode, RefreshToken, SigningKey

_CODES = timedelta(days=1)
_LOGINS = timedelta(days=90)
"""A login that has ended is evidence for a while."""


async def sweep(session: AsyncSession) -> int:
    """Delete expired codes and logins, as the system; the number of rows deleted."""
    now = clock.now()
    gone = select(LoginSession.id).where(LoginSession.expires_at < now - _LOGINS)
    statements: tuple[Any, ...] = (
        delete(OidcLogin).where(OidcLogin.expires_at < now - _CODES),
        delete(OneTimeCode).where(OneTimeCode.expires_at < now - _CODES),
        delete(AuthorizationCode).where(AuthorizationCode.expires_at < now - _LOGINS),
        delete(AuthorizationCode).where(AuthorizationCode.session_id.in_(gone)),
        delete(RefreshToken).where(RefreshToken.session_id.in_(gone)),
        delete(LoginSession).where(LoginSession.id.in_(gone)),
        delete(SigningKey).where(SigningKey.verifies_until < now - _LOGINS),
    )
    results: list[Any] = [await session.execute(statement) for statement in statements]
    return sum(int(result.rowcount) for result in results)
