"""Inviting a person to a role, and accepting it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain import validation
from domain.contacts.models import Contact, ContactType
from domain.errors import NotFound, Required
from domain.events.record import Payload, record
from domain.mail.service import queue_mail
from domain.rows import find
from domain.teams.models import Team
from domain.users import events, letters
from domain.users.errors import AlreadyMember, InvitationInvalid
from domain.users.passwords import new_password_hash
from domain.users.portals import portal_of
from domain.users.rights import check_grantable, entity_within, organization_within
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth import clock
from tenants.auth.models import Invitation
from tenants.auth.sealing import fingerprint, random_secret
from tenants.models import Membership, MembershipStatus, UserAccount
from tenants.permissions import AUDIENCE_OF, Role
from tenants.settings import Settings

VALID_DAYS = 7


@dataclass(frozen=True)
class Invitee:
    """Whom to invite to what; the ids that a role does not use are ignored."""

    email: str
    name: str
    role: Role
    entity_id: UUID | None = None
    organization_id: UUID | None = None
    contact_id: UUID | None = None
    team_id: UUID | None = None
    language: str = "nl"


async def invite(session: AsyncSession, settings: Settings, actor: Actor, invitee: Invitee, host: str) -> Invitation:
    """Mail an invitation; an earlier one of the same person to the same role ends. `session` is the platform's."""
    check_grantable(actor, invitee.role)
    entity_id = await entity_within(session, actor, invitee.entity_id)
    made = Invitation(
        entity_id=entity_id,
        email=validation.email(invitee.email, "email"),
        name=validation.name(invitee.name, "name"),
        role=invitee.role.value,
        invited_by_user_id=actor.user_id,
        **await _party(session, actor, invitee, entity_id),
    )
    await _refuse_member(session, made)
    await _end_earlier(session, made)
    secret = random_secret()
    made.token_hash, made.expires_at = fingerprint(secret), clock.now() + timedelta(days=VALID_DAYS)
    session.add(made)
    await session.flush()
    await _mail(session, settings, actor, made, secret, invitee.language, host)
    await _record(session, made, events.UserInvited(made.role))
    return made


async def revoke(session: AsyncSession, actor: Actor, id: UUID) -> Invitation:
    """Withdraw an invitation that the actor sees; one that was accepted stays accepted."""
    async with acting_as(session, actor):
        await find(session, Invitation, id)
    made = await find(session, Invitation, id, lock=True)
    if made.accepted_at is None and made.revoked_at is None:
        made.revoked_at = clock.now()
        await _record(session, made, events.InvitationRevoked(made.role))
    return made


async def accept(session: AsyncSession, secret: str, name: str | None, password: str | None) -> Invitation:
    """Give the person the membership: holding the link proves the address. `session` is the platform's.

    A new user, or one without a password, chooses one; that of a user who has one stays.
    """
    query = select(Invitation).where(Invitation.token_hash == fingerprint(secret)).with_for_update()
    made = (await session.scalars(query)).one_or_none()
    if made is None or made.accepted_at or made.revoked_at or made.expires_at <= clock.now():
        raise InvitationInvalid(field=("token",))
    user = await _user(session, made, name, password)
    await _grant(session, made, user)
    made.accepted_at = clock.now()
    await _record(session, made, events.InvitationAccepted(made.role))
    return made


async def _party(session: AsyncSession, actor: Actor, invitee: Invitee, entity_id: UUID) -> dict[str, UUID]:
    """Whose the role is: a partner's organization, a customer's record, a technician's team."""
    match AUDIENCE_OF[invitee.role]:
        case Audience.PARTNER:
            organization = await organization_within(session, actor, invitee.organization_id, entity_id)
            if organization is None:
                raise Required(field=("organization_id",))
            return {"organization_id": organization.id}
        case Audience.CUSTOMER:
            return {"contact_id": await _customer(session, actor, invitee.contact_id, entity_id)}
        case Audience.TECHNICIAN:
            return {"team_id": await _team(session, invitee.team_id)}
        case _:
            return {}


async def _customer(session: AsyncSession, actor: Actor, contact_id: UUID | None, entity_id: UUID) -> UUID:
    if contact_id is None:
        raise Required(field=("contact_id",))
    async with acting_as(session, actor):
        found = await find(session, Contact, contact_id, field=("contact_id",))
    gone = found.merged_into_id is not None or found.erased_at is not None
    if gone or found.contact_type != ContactType.PERSON or entity_id not in found.entity_ids:
        raise NotFound(field=("contact_id",))
    return found.id


async def _team(session: AsyncSession, team_id: UUID | None) -> UUID:
    if team_id is None:
        raise Required(field=("team_id",))
    return (await find(session, Team, team_id, field=("team_id",))).id


async def _refuse_member(session: AsyncSession, made: Invitation) -> None:
    query = (
        select(Membership.id)
        .join(UserAccount, UserAccount.id == Membership.user_id)
        .where(UserAccount.email == made.email, Membership.status == MembershipStatus.ACTIVE)
        .where(Membership.entity_id == made.entity_id, Membership.role == made.role)
        .where(Membership.organization_id.is_not_distinct_from(made.organization_id))
        .where(Membership.contact_id.is_not_distinct_from(made.contact_id))
    )
    if (await session.execute(query)).first():
        raise AlreadyMember(field=("email",))


async def _end_earlier(session: AsyncSession, made: Invitation) -> None:
    earlier = update(Invitation).where(
        Invitation.email == made.email,
        Invitation.entity_id == made.entity_id,
        Invitation.role == made.role,
        Invitation.organization_id.is_not_distinct_from(made.organization_id),
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
    )
    await session.execute(earlier.values(revoked_at=clock.now()))


async def _mail(
    session: AsyncSession, settings: Settings, actor: Actor, made: Invitation, secret: str, language: str, host: str
) -> None:
    portal = await portal_of(session, settings, made.entity_id, host)
    link = portal.link("accept-invitation", secret)
    letter = letters.invitation(language, portal.name, actor.name or portal.name, link, VALID_DAYS)
    await queue_mail(
        session,
        entity_id=made.entity_id,
        to=made.email,
        subject=letter.subject,
        body=letter.body,
        host=portal.host,
        secret=True,
    )


async def _user(session: AsyncSession, made: Invitation, name: str | None, password: str | None) -> UserAccount:
    query = select(UserAccount).where(UserAccount.email == made.email).with_for_update()
    user = (await session.scalars(query)).one_or_none()
    if user is None:
        user = UserAccount(email=made.email, name=validation.name(name or made.name, "name"))
        session.add(user)
    if user.password_hash is None:
        user.password_hash = await new_password_hash(password, user)
    await session.flush()
    return user


async def _grant(session: AsyncSession, made: Invitation, user: UserAccount) -> Membership:
    """The membership, new or active again."""
    query = select(Membership).where(
        Membership.user_id == user.id,
        Membership.entity_id == made.entity_id,
        Membership.role == made.role,
        Membership.organization_id.is_not_distinct_from(made.organization_id),
        Membership.contact_id.is_not_distinct_from(made.contact_id),
    )
    membership = (await session.scalars(query.with_for_update())).one_or_none()
    if membership is None:
        membership = Membership(user_id=user.id, entity_id=made.entity_id, role=made.role)
        membership.organization_id, membership.contact_id = made.organization_id, made.contact_id
        session.add(membership)
    membership.status, membership.team_id = MembershipStatus.ACTIVE.value, made.team_id
    membership.channel_organization_ids = await _chain(session, made.organization_id)
    await session.flush()
    return membership


async def _chain(session: AsyncSession, organization_id: UUID | None) -> list[UUID]:
    """As the tree is now; a move rewrites it."""
    if organization_id is None:
        return []
    chain = await session.scalar(select(Contact.chain_organization_ids).where(Contact.id == organization_id))
    return list(chain or ())


async def _record(session: AsyncSession, made: Invitation, happened: Payload) -> None:
    await record(
        session,
        happened,
        entity_id=made.entity_id,
        subject_id=made.id,
        organization_ids=[made.organization_id],
        channel=await _chain(session, made.organization_id),
        contact_ids=[made.contact_id],
    )
