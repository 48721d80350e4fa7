"""An actor as a job carries it: role, ids and permissions. A person's name is looked up again when the job runs."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.actor import Actor, Client, ClientKind
from tenants.auth.models import ApiKey, OAuthClient
from tenants.models import Membership, MembershipStatus, UserAccount, UserStatus
from tenants.permissions import AUDIENCE_OF, PERMISSIONS_OF, Permission, Role

_MACHINES: dict[ClientKind, type[ApiKey] | type[OAuthClient]] = {
    ClientKind.API_KEY: ApiKey,
    ClientKind.OAUTH_CLIENT: OAuthClient,
}


def written(actor: Actor) -> dict[str, Any]:
    """The actor in JSON's terms."""
    return {
        "audience": actor.audience.value,
        "role": actor.role.value,
        "entity_ids": [str(id) for id in actor.entity_ids],
        **{name: _text(getattr(actor, name)) for name in ("user_id", "organization_id", "contact_id", "team_id")},
        "permissions": sorted(permission.value for permission in actor.permissions),
        "language": actor.language,
        "name": "" if actor.user_id else actor.name,
        "acts_as": actor.acts_as.value if actor.acts_as else None,
        "strong": actor.strong,
        "client": [actor.client.kind.value, str(actor.client.id)] if actor.client else None,
    }


def read(written: dict[str, Any]) -> Actor:
    """The inverse. Permissions that the role no longer has are lost. Raises: ValueError, KeyError."""
    role = Role(written["role"])
    if AUDIENCE_OF[role].value != written["audience"]:
        raise ValueError(f"the role {role} is not of the audience {written['audience']}")
    held = {Permission(name) for name in written["permissions"] if name in Permission.__members__}
    return Actor(
        role=role,
        entity_ids=tuple(UUID(id) for id in written["entity_ids"] or ()),
        user_id=_id(written["user_id"]),
        organization_id=_id(written["organization_id"]),
        contact_id=_id(written["contact_id"]),
        team_id=_id(written["team_id"]),
        permissions=frozenset(held) & PERMISSIONS_OF[role],
        language=written["language"],
        name=written["name"],
        acts_as=Role(written["acts_as"]) if written["acts_as"] else None,
        strong=written["strong"],
        client=_client(written["client"]),
    )


async def standing(session: AsyncSession, actor: Actor) -> Actor | None:
    """The actor as it may act now, in a session of the system; None where its access was taken away meanwhile.

    Entities in which it no longer holds the role are left out. The platform that acts for a person keeps its rights.
    """
    if actor.user_id is None:
        return actor if await _machine_holds(session, actor) else None
    user = await session.get(UserAccount, actor.user_id)
    named = replace(actor, name=user.name if user else "")
    if actor.acts_as is not None:
        return named
    if user is None or user.status != UserStatus.ACTIVE:
        return None
    held = set((await session.execute(_entities(actor))).scalars())
    if not held:
        return None
    return named if None in held else replace(named, entity_ids=tuple(id for id in actor.entity_ids if id in held))


def _entities(actor: Actor) -> Any:
    """Entities in which the user holds the role for the same party; NULL for the whole platform."""
    return select(Membership.entity_id).where(
        Membership.user_id == actor.user_id,
        Membership.role == actor.role,
        Membership.status == MembershipStatus.ACTIVE,
        Membership.organization_id.is_not_distinct_from(actor.organization_id),
        Membership.contact_id.is_not_distinct_from(actor.contact_id),
        Membership.team_id.is_not_distinct_from(actor.team_id),
    )


async def _machine_holds(session: AsyncSession, actor: Actor) -> bool:
    model = _MACHINES.get(actor.client.kind) if actor.client else None
    if actor.client is None or model is None:
        return True
    query = select(model.id).where(model.id == actor.client.id, model.revoked_at.is_(None))
    return (await session.execute(query)).first() is not None


def _client(written: list[str] | None) -> Client | None:
    return Client(ClientKind(written[0]), UUID(written[1])) if written else None


def _text(id: UUID | None) -> str | None:
    return str(id) if id else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
