"""Taking access away, for the time being or for good."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.events.record import Payload, changes_of, record
from domain.users import events
from domain.users.errors import NotOnOneself
from domain.users.rights import memberships_within
from tenants.actor import Actor
from tenants.auth import sessions
from tenants.auth.models import LoginSession
from tenants.models import BusinessEntity, Membership, MembershipStatus, UserAccount, UserStatus
from tenants.permissions import Role
from tenants.sandboxes import REAL


async def revoke(session: AsyncSession, actor: Actor, id: UUID) -> Membership:
    """End a membership for good, and the logins that use it. `session` is the platform's."""
    query = select(Membership).where(Membership.id == id, memberships_within(actor)).with_for_update()
    membership = (await session.scalars(query)).one_or_none()
    if membership is None:
        raise NotFound()
    _refuse_oneself(actor, membership.user_id)
    if membership.status != MembershipStatus.REVOKED:
        await _set(session, membership, MembershipStatus.REVOKED, events.MembershipRevoked(membership.role))
    return membership


async def suspend(session: AsyncSession, actor: Actor, user_id: UUID) -> UserAccount:
    """Shut a user out until `reactivate`: of everything by a platform admin, else of what the actor administers."""
    _refuse_oneself(actor, user_id)
    user = await _reachable(session, actor, user_id)
    if actor.role is Role.PLATFORM_ADMIN:
        await _set_account(session, user, UserStatus.SUSPENDED, events.UserSuspended())
        await sessions.end_of_user(session, user.id, "suspended")
        return user
    for membership in await _of(session, actor, user_id, MembershipStatus.ACTIVE):
        await _set(session, membership, MembershipStatus.SUSPENDED, events.MembershipSuspended(membership.role))
    return user


async def reactivate(session: AsyncSession, actor: Actor, user_id: UUID) -> UserAccount:
    """Take `suspend` back, as far as the actor could have done it."""
    _refuse_oneself(actor, user_id)
    user = await _reachable(session, actor, user_id)
    if actor.role is Role.PLATFORM_ADMIN and user.status != UserStatus.ACTIVE:
        await _set_account(session, user, UserStatus.ACTIVE, events.UserReactivated())
    for membership in await _of(session, actor, user_id, MembershipStatus.SUSPENDED):
        await _set(session, membership, MembershipStatus.ACTIVE, events.MembershipReactivated(membership.role))
    return user


async def entities_of(session: AsyncSession, user_id: UUID) -> list[UUID]:
    """In whose logs a change of a user as such is kept: of the entities it works with, of all where there is none."""
    held = select(Membership.entity_id).where(
        Membership.user_id == user_id, Membership.status == MembershipStatus.ACTIVE, Membership.entity_id.is_not(None)
    )
    found = {id for id in await session.scalars(held) if id is not None}
    return sorted(found or set(await session.scalars(select(BusinessEntity.id).where(REAL))))


async def record_of_user(session: AsyncSession, user_id: UUID, happened: Payload) -> None:
    """Record something about a user as such, for each entity it works with."""
    for entity_id in await entities_of(session, user_id):
        await record(session, happened, entity_id=entity_id, subject_id=user_id)


def _refuse_oneself(actor: Actor, user_id: UUID) -> None:
    """Nobody shuts the last administrator out by mistake."""
    if actor.user_id == user_id:
        raise NotOnOneself()


async def _reachable(session: AsyncSession, actor: Actor, user_id: UUID) -> UserAccount:
    """The user, locked, where the actor administers a membership of it."""
    if actor.role is not Role.PLATFORM_ADMIN and not await _of(session, actor, user_id, *MembershipStatus):
        raise NotFound()
    query = select(UserAccount).where(UserAccount.id == user_id).with_for_update()
    user = (await session.scalars(query.execution_options(populate_existing=True))).one_or_none()
    if user is None:
        raise NotFound()
    return user


async def _of(session: AsyncSession, actor: Actor, user_id: UUID, *statuses: MembershipStatus) -> Iterable[Membership]:
    query = select(Membership).where(Membership.user_id == user_id, memberships_within(actor))
    query = query.where(Membership.status.in_([status.value for status in statuses]))
    return list(await session.scalars(query.order_by(Membership.id).with_for_update()))


async def _set(session: AsyncSession, membership: Membership, status: MembershipStatus, happened: Payload) -> None:
    membership.status = status.value
    changes = changes_of(membership)
    if status is not MembershipStatus.ACTIVE:
        await sessions.end(session, LoginSession.membership_id == membership.id, happened.type)
    for entity_id in [membership.entity_id] if membership.entity_id else await entities_of(session, membership.user_id):
        await record(
            session,
            happened,
            entity_id=entity_id,
            subject_id=membership.id,
            organization_ids=[membership.organization_id],
            channel=membership.channel_organization_ids,
            changes=changes,
        )


async def _set_account(session: AsyncSession, user: UserAccount, status: UserStatus, happened: Payload) -> None:
    user.status = status.value
    await session.flush()
    await record_of_user(session, user.id, happened)
