"""An actor as a job carries it: ids, role and permissions, no name of a person beyond what the event log shows."""

from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.permissions import AUDIENCE_OF, PERMISSIONS_OF, Permission, Role


def written(actor: Actor) -> dict[str, Any]:
    """The actor in JSON's terms."""
    return {
        "audience": actor.audience.value,
        "role": actor.role.value,
        "entity_ids": [str(id) for id in actor.entity_ids],
        **{name: _text(getattr(actor, name)) for name in ("user_id", "organization_id", "contact_id", "team_id")},
        "permissions": sorted(permission.value for permission in actor.permissions),
        "language": actor.language,
        "name": actor.name,
        "acts_as": actor.acts_as.value if actor.acts_as else None,
        "strong": actor.strong,
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
    )


def _text(id: UUID | None) -> str | None:
    return str(id) if id else None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
