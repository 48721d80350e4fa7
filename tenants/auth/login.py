"""Logging in at a portal: what was proved, the membership it leads to, the session it opens."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import SYSTEM
from tenants.auth import clock, second_factor, sessions, standing
from tenants.auth.errors import BadRequest, Unauthenticated
from tenants.auth.hosts import entity_of
from tenants.auth.keys import SigningKeys, signing_keys
from tenants.auth.limits import Attempts, Limit, network
from tenants.auth.models import LoginSession
from tenants.auth.passwords import verify_password
from tenants.auth.sessions import Origin, Tokens
from tenants.engine import Database
from tenants.models import Membership, MembershipStatus, UserAccount, UserStatus
from tenants.permissions import Role
from tenants.settings import Settings

ROLE_ORDER = (
    Role.TENANT_ADMIN,
    Role.OPERATIONS,
    Role.PLANNER,
    Role.FINANCE,
    Role.TECHNICIAN,
    Role.PARTNER_ADMIN,
    Role.PARTNER_USER,
    Role.CUSTOMER,
    Role.CHARGER_OWNER,
    Role.EV_DRIVER,
    Role.PLATFORM_ADMIN,
)
"""The role that a login takes where none is named: the first that the user holds here, oldest membership first."""


@dataclass(frozen=True)
class Choice:
    """Which of several memberships is meant, where it matters."""

    role: Role | None = None
    membership_id: UUID | None = None
    among: tuple[Role, ...] = ROLE_ORDER
    below: UUID | None = None
    """Only memberships of this organization and those under it."""


ANY = Choice()


@dataclass(frozen=True)
class Door:
    """A portal at which people log in: the parts that every login needs."""

    database: Database
    settings: Settings
    attempts: Attempts
    origin: Origin

    async def entity_id(self) -> UUID:
        """The business entity of the portal; UNKNOWN_PORTAL where the host is nobody's."""
        found = await entity_of(self.database, self.origin.host)
        if found is None:
            raise BadRequest("UNKNOWN_PORTAL", "There is no portal at this host.")
        return found

    def limits(self, account: str) -> tuple[Limit, ...]:
        """Per account from one address, per account from anywhere, per address."""
        most = self.settings.login_attempts_per_15_minutes
        address = network(self.origin.ip_address)
        return (
            Limit("account-address", f"{account} {address}", most),
            Limit("account", account, 5 * most),
            Limit("address", address, 10 * most),
        )


async def with_password(door: Door, email: str, password: str, code: str | None = None, choice: Choice = ANY) -> Tokens:
    """Tokens for an address and password, and a code where the second factor is on.

    Raises Unauthenticated: CREDENTIALS_INVALID, TOTP_REQUIRED, TOTP_INVALID, NO_ACCESS; and TooManyAttempts.
    """
    user_id = await proved_by_password(door, email, password)
    return await _enter(door, user_id, "password", code, choice, door.limits(email))


async def proved_by_password(door: Door, email: str, password: str) -> UUID:
    """The user whose address and password these are; the work does not depend on whether there is one."""
    await door.entity_id()
    limits = door.limits(email)
    await door.attempts.take(limits)
    user = await _user(door.database, email)
    right, anew = await verify_password(password, user.password_hash if user else None)
    if user is None or not right or user.status != UserStatus.ACTIVE:
        raise Unauthenticated("CREDENTIALS_INVALID", "The address or the password is wrong.")
    await door.attempts.give_back(limits)
    if anew:
        await _keep_hash(door.database, user, anew)
    return user.id


async def _enter(
    door: Door, user_id: UUID, method: str, code: str | None, choice: Choice, limits: tuple[Limit, ...]
) -> Tokens:
    entity_id = await door.entity_id()
    keys = await signing_keys(door.database, door.settings)
    async with door.database.session(SYSTEM) as session:
        membership, strong = await admitted(session, door, user_id, entity_id, code, choice, limits)
        return await enter(session, door, keys, membership, method=method, strong=strong)


async def admitted(
    session: AsyncSession,
    door: Door,
    user_id: UUID,
    entity_id: UUID,
    code: str | None,
    choice: Choice,
    limits: tuple[Limit, ...],
) -> tuple[Membership, bool]:
    """The membership that a user who proved the first factor logs in with, and whether a second factor was given."""
    user = await second_factor.locked(session, user_id)
    strong = await _second_factor(door, user, code, limits)
    membership = await choose(session, user.id, entity_id, choice)
    if membership is None or user.status != UserStatus.ACTIVE:
        raise Unauthenticated("NO_ACCESS", "This account has no such access to this portal.")
    user.last_login_at = clock.now()
    return membership, strong


async def enter(
    session: AsyncSession,
    door: Door,
    keys: SigningKeys,
    membership: Membership,
    *,
    method: str,
    strong: bool,
    **how: Any,
) -> Tokens:
    """Open a session of the membership and issue its first tokens."""
    login = await sessions.open_session(
        session, door.settings, membership, door.origin, method=method, strong=strong, **how
    )
    return await sessions.tokens_of(session, door.settings, keys, login, door.origin.host)


async def choose(session: AsyncSession, user_id: UUID, entity_id: UUID, choice: Choice = ANY) -> Membership | None:
    """The user's membership of the entity that is meant; a platform admin is at home everywhere."""
    here = (Membership.entity_id == entity_id) | Membership.entity_id.is_(None)
    query = select(Membership).where(Membership.user_id == user_id, Membership.status == MembershipStatus.ACTIVE, here)
    query = query.where(Membership.role.in_([role.value for role in choice.among]))
    if choice.role:
        query = query.where(Membership.role == choice.role.value)
    if choice.membership_id:
        query = query.where(Membership.id == choice.membership_id)
    if choice.below:
        query = query.where(Membership.channel_organization_ids.contains([choice.below]))
    order = case({role.value: place for place, role in enumerate(ROLE_ORDER)}, value=Membership.role)
    return (await session.scalars(query.order_by(order, Membership.created_at, Membership.id).limit(1))).first()


async def refresh(door: Door, refresh_token: str) -> Tokens:
    """Tokens for a refresh token of a login (not of an application); TOKEN_INVALID where it is none, or used."""
    keys = await signing_keys(door.database, door.settings)
    async with door.database.session(SYSTEM) as session:
        found = await sessions.carried_on_by(session, refresh_token)
        if found is not None:
            sessions.use_up(door.settings, *found)
            return await sessions.tokens_of(session, door.settings, keys, found[1], door.origin.host)
    standing.forget(door.database)
    raise Unauthenticated("TOKEN_INVALID", "The refresh token is not valid.")


async def log_out(database: Database, session_id: UUID) -> None:
    """End a login session with all its tokens."""
    async with database.session(SYSTEM) as session:
        await sessions.end(session, LoginSession.id == session_id, "logged out")
    standing.forget(database)


async def _second_factor(door: Door, user: UserAccount, code: str | None, limits: tuple[Limit, ...]) -> bool:
    if not second_factor.is_on(user):
        return False
    if not code:
        raise Unauthenticated("TOTP_REQUIRED", "A code of the authenticator app is needed.")
    await door.attempts.take(limits)
    if not second_factor.check_any(door.settings, user, code):
        raise Unauthenticated("TOTP_INVALID", "The code is wrong, or was used before.")
    await door.attempts.give_back(limits)
    return True


async def _user(database: Database, email: str) -> UserAccount | None:
    async with database.session(SYSTEM) as session:
        return (await session.scalars(select(UserAccount).where(UserAccount.email == email.lower()))).one_or_none()


async def _keep_hash(database: Database, user: UserAccount, anew: str) -> None:
    async with database.session(SYSTEM) as session:
        kept = await second_factor.locked(session, user.id)
        if kept.password_hash == user.password_hash:
            kept.password_hash = anew
