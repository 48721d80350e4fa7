"""How far an administrator's rights reach: which entities, organizations, roles and scopes."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import tree
from domain.contacts.models import Contact
from domain.errors import FieldPath, NotFound, Required
from domain.users.errors import NoUser, RoleNotGrantable, ScopeNotGrantable
from tenants.acting import acting_as
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.auth.scopes import PERMISSION_OF, scopes_of
from tenants.auth.standing import machine_role
from tenants.models import BusinessEntity, Membership
from tenants.permissions import AUDIENCE_OF, Role

_BY_INVITATION = frozenset(Role) - {Role.PLATFORM_ADMIN, Role.ANONYMOUS}
GRANTABLE: dict[Role, frozenset[Role]] = {
    Role.PLATFORM_ADMIN: _BY_INVITATION,
    Role.TENANT_ADMIN: _BY_INVITATION,
    Role.PARTNER_ADMIN: frozenset({Role.PARTNER_ADMIN, Role.PARTNER_USER}),
}
"""Which roles an administrator hands out and takes away. A platform admin is made on the command line only."""


def check_grantable(actor: Actor, role: Role) -> None:
    """RoleNotGrantable where the actor cannot hand this role out."""
    if role not in GRANTABLE.get(actor.role, frozenset()):
        raise RoleNotGrantable(field=("role",))


async def entity_within(session: AsyncSession, actor: Actor, entity_id: UUID | None) -> UUID:
    """The entity, where the actor administers it; the only one where none is named."""
    field: FieldPath = ("entity_id",)
    if entity_id is None and len(actor.entity_ids) == 1:
        return actor.entity_ids[0]
    if entity_id is None:
        raise Required(field=field)
    known = await session.scalar(select(BusinessEntity.id).where(BusinessEntity.id == entity_id))
    if known is None or not (actor.audience is Audience.SYSTEM or entity_id in actor.entity_ids):
        raise NotFound(field=field)
    return entity_id


async def organization_within(
    session: AsyncSession, actor: Actor, organization_id: UUID | None, entity_id: UUID
) -> Contact | None:
    """The organization, where the actor administers it and it works with the entity.

    A partner admin's own where none is named: what it administers belongs to an organization of its subtree.
    """
    field: FieldPath = ("organization_id",)
    if organization_id is None and actor.audience is Audience.PARTNER:
        organization_id = actor.organization_id
    if organization_id is None:
        return None
    async with acting_as(session, actor):
        found = await tree.organization(session, organization_id, field=field)
    beyond = actor.audience is Audience.PARTNER and actor.organization_id not in found.chain_organization_ids
    if beyond or entity_id not in found.entity_ids:
        raise NotFound(field=field)
    return found


def memberships_within(actor: Actor) -> ColumnElement[bool]:
    """The memberships that an administrator may take away."""
    if actor.role is Role.PLATFORM_ADMIN:
        return true()
    roles = Membership.role.in_([role.value for role in GRANTABLE.get(actor.role, frozenset())])
    within = and_(roles, Membership.entity_id.in_(actor.entity_ids))
    if actor.audience is Audience.PARTNER:
        return and_(within, Membership.channel_organization_ids.contains([actor.organization_id]))
    return within


def check_scopes(actor: Actor, scopes: Iterable[str], organization_id: UUID | None, *, person: bool) -> list[str]:
    """The scopes in order, where the actor holds each and the role they are for does too."""
    roles = {machine_role(organization_id)} | (_roles_of_persons(organization_id) if person else set())
    allowed = {scope for role in roles for scope in scopes_of(role, person=person)}
    wanted = sorted(set(scopes))
    if not wanted:
        raise Required(field=("scopes",))
    for scope in wanted:
        if scope not in allowed or not _holds(actor, scope):
            raise ScopeNotGrantable(field=("scopes",), scope=scope)
    return wanted


def check_person(actor: Actor) -> UUID:
    """The user behind the actor; NoUser for keys and applications on their own."""
    if actor.user_id is None:
        raise NoUser()
    return actor.user_id


def _roles_of_persons(organization_id: UUID | None) -> set[Role]:
    """An application of a partner acts for the partner's people only, one of the entity for anybody."""
    partner = {Role.PARTNER_ADMIN, Role.PARTNER_USER}
    return partner if organization_id else {role for role in Role if AUDIENCE_OF[role] is not Audience.SYSTEM}


def _holds(actor: Actor, scope: str) -> bool:
    """Whether handing the scope out gives nothing that the actor has not; who signs decides on its own page."""
    permission = PERMISSION_OF[scope]
    return actor.may(permission) or scope == "quotes:sign"
