"""Who is to be told: contacts by their record, partners, staff and technicians by their logins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts.models import Contact, ContactRelation
from domain.errors import language_of
from domain.notifications.models import Channel, Language, Notification
from tenants.models import Membership, MembershipStatus, UserAccount, UserStatus
from tenants.permissions import Role

OFFICE = (Role.TENANT_ADMIN, Role.OPERATIONS)
PLANNERS = (*OFFICE, Role.PLANNER)
_PARTNER = (Role.PARTNER_ADMIN, Role.PARTNER_USER)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact or a user, with how it is reached."""

    name: str
    email: str
    phone: str
    language: Language
    contact_id: UUID | None = None
    user_id: UUID | None = None
    organization_id: UUID | None = None
    """On whose behalf it is told."""
    team_id: UUID | None = None
    preferred: str | None = None
    """How a contact said it wants to be reached, beside its preferences per category."""
    reminders: bool = True
    marketing: bool = True
    """False where a contact said no."""

    @property
    def id(self) -> UUID:
        found = self.user_id or self.contact_id
        assert found is not None
        return found

    def address(self, channel: Channel) -> str:
        """Where a channel finds it, '' where it does not. Push providers know people by an id of ours."""
        match channel:
            case Channel.EMAIL:
                return self.email
            case Channel.SMS | Channel.WHATSAPP:
                return self.phone
            case Channel.PUSH:
                return f"user:{self.user_id}" if self.user_id else f"contact:{self.contact_id}"
            case Channel.IN_APP:
                return ""


async def contact(
    session: AsyncSession, entity_id: UUID, contact_id: UUID, *, organization_id: UUID | None = None
) -> Recipient | None:
    """The contact, or the one that it was merged into; none once it was erased."""
    found = await session.get(Contact, contact_id)
    if found is not None and found.merged_into_id is not None:
        found = await session.get(Contact, found.merged_into_id)
    if found is None or found.erased_at is not None or found.merged_into_id is not None:
        return None
    relation = await _communication(session, entity_id, found.id)
    return Recipient(
        name=found.name,
        email=found.email or "",
        phone=found.phone or "",
        language=_language(relation.get("language") or found.language),
        contact_id=found.id,
        organization_id=organization_id or found.parent_organization_id,
        preferred=str(relation["channel"]) if "channel" in relation else None,
        reminders=relation.get("reminders") is not False,
        marketing=relation.get("marketing") is not False,
    )


async def partner_people(session: AsyncSession, entity_id: UUID, organization_id: UUID) -> list[Recipient]:
    """Who logs in for the organization; where nobody does, the organization's own address."""
    query = _members(entity_id, _PARTNER).where(Membership.organization_id == organization_id)
    people = await _users(session, query, organization_id=organization_id)
    if people:
        return people
    itself = await contact(session, entity_id, organization_id, organization_id=organization_id)
    return [itself] if itself else []


async def staff(session: AsyncSession, entity_id: UUID, roles: Sequence[Role] = OFFICE) -> list[Recipient]:
    """Our own people of the entity in one of the roles."""
    return await _users(session, _members(entity_id, roles))


async def technicians(session: AsyncSession, team_ids: Iterable[UUID]) -> list[Recipient]:
    """Who works in the teams, for whichever entity."""
    query = _members(None, (Role.TECHNICIAN,)).where(Membership.team_id.in_(list(team_ids)))
    return await _users(session, query)


async def user(session: AsyncSession, entity_id: UUID, user_id: UUID) -> Recipient | None:
    """One login, as what it is to the entity."""
    found = await session.get(UserAccount, user_id)
    if found is None or found.status != UserStatus.ACTIVE:
        return None
    of = select(Membership.organization_id, Membership.team_id).where(
        Membership.user_id == user_id, Membership.entity_id == entity_id, Membership.status == MembershipStatus.ACTIVE
    )
    member = (await session.execute(of.order_by(Membership.organization_id.nulls_last()).limit(1))).first()
    return _of_user(found, *member) if member else _of_user(found, None, None)


async def of(session: AsyncSession, notification: Notification) -> Recipient | None:
    """The recipient of a notification as it is now; none where it may no longer be told."""
    if notification.contact_id is not None:
        return await contact(
            session, notification.entity_id, notification.contact_id, organization_id=notification.organization_id
        )
    assert notification.user_id is not None
    return await user(session, notification.entity_id, notification.user_id)


def _members(entity_id: UUID | None, roles: Sequence[Role]) -> Select[UserAccount, UUID | None]:
    query = (
        select(UserAccount, Membership.team_id)
        .join(Membership, Membership.user_id == UserAccount.id)
        .where(Membership.role.in_([role.value for role in roles]))
        .where(Membership.status == MembershipStatus.ACTIVE, UserAccount.status == UserStatus.ACTIVE)
        .order_by(UserAccount.id)
    )
    return query if entity_id is None else query.where(Membership.entity_id == entity_id)


async def _users(
    session: AsyncSession, query: Select[UserAccount, UUID | None], organization_id: UUID | None = None
) -> list[Recipient]:
    found: dict[UUID, Recipient] = {}
    for account, team_id in (await session.execute(query)).all():
        found.setdefault(account.id, _of_user(account, organization_id, team_id))
    return list(found.values())


def _of_user(account: UserAccount, organization_id: UUID | None, team_id: UUID | None) -> Recipient:
    return Recipient(
        name=account.name,
        email=account.email,
        phone="",
        language=_language(account.language),
        user_id=account.id,
        organization_id=organization_id,
        team_id=team_id,
    )


async def _communication(session: AsyncSession, entity_id: UUID, contact_id: UUID) -> dict[str, object]:
    query = select(ContactRelation.communication_preferences)
    query = query.where(ContactRelation.contact_id == contact_id, ContactRelation.entity_id == entity_id)
    return dict((await session.execute(query)).scalar_one_or_none() or {})


def _language(tag: object) -> Language:
    return Language(language_of(str(tag)))
