"""A user's own password and second factor. The sessions are the platform's; who the user is was proved before."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.users import events
from domain.users.errors import CodeWrong, PasswordWrong, SecondFactorOff, SecondFactorOn
from domain.users.memberships import record_of_user
from domain.users.passwords import new_password_hash
from tenants.auth import second_factor, sessions
from tenants.auth.passwords import verify_password
from tenants.auth.second_factor import Enrolment
from tenants.models import UserAccount
from tenants.settings import Settings


async def enrol(
    session: AsyncSession, settings: Settings, user_id: UUID, password: str | None, issuer: str
) -> Enrolment:
    """A secret for an authenticator app, in force once a code of it was confirmed."""
    user = await _checked(session, user_id, password)
    if second_factor.is_on(user):
        raise SecondFactorOn()
    return second_factor.enrol(settings, user, issuer)


async def confirm(session: AsyncSession, settings: Settings, user_id: UUID, code: str) -> list[str]:
    """Turn the second factor on; the recovery codes, shown once."""
    user = await second_factor.locked(session, user_id)
    if second_factor.is_on(user):
        raise SecondFactorOn()
    codes = second_factor.confirm(settings, user, code)
    if codes is None:
        raise CodeWrong(field=("code",))
    await record_of_user(session, user_id, events.SecondFactorEnabled())
    return codes


async def disable(session: AsyncSession, settings: Settings, user_id: UUID, password: str | None, code: str) -> None:
    """Turn the second factor off, proved by the password and a code."""
    user = await _checked(session, user_id, password)
    if not second_factor.is_on(user):
        raise SecondFactorOff()
    if not second_factor.check_any(settings, user, code):
        raise CodeWrong(field=("code",))
    second_factor.turn_off(user)
    await record_of_user(session, user_id, events.SecondFactorDisabled())


async def change_password(session: AsyncSession, user_id: UUID, password: str | None, new_password: str) -> None:
    """Replace the password; every login of the user ends, this one too."""
    user = await _checked(session, user_id, password)
    await set_password(session, user, new_password)


async def set_password(session: AsyncSession, user: UserAccount, new_password: str) -> None:
    """Set the password of a locked user who proved to be it; every login of the user ends."""
    user.password_hash = await new_password_hash(new_password, user, ("new_password",))
    await session.flush()
    await sessions.end_of_user(session, user.id, "password changed")
    await record_of_user(session, user.id, events.PasswordChanged())


async def _checked(session: AsyncSession, user_id: UUID, password: str | None) -> UserAccount:
    """The user, locked, with its password proved where it has one."""
    user = await second_factor.locked(session, user_id)
    right, _ = await verify_password(password or "", user.password_hash)
    if user.password_hash and not right:
        raise PasswordWrong(field=("password",))
    return user
