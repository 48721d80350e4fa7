"""Who asks in a benchmark: people of the demo, big and small."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from tenants.actor import Actor
from tenants.permissions import PERMISSIONS_OF, Role

_PEOPLE = {
    "staff": ("chargecars", "admin@chargecars.example"),
    "staff_small": ("meterkastthuis", "admin@meterkastthuis.example"),
    "staff_all": ("chargecars", "group@chargecars.example"),
    "platform": ("chargecars", "platform@chargecars.example"),
    "partner_big": ("chargecars", "partner@groendus.example"),
    "partner_small": ("chargecars", ""),
    "customer": ("laderthuis", "klant@laderthuis.example"),
    "technician": ("chargecars", "technician@team-nijkerk.example"),
}
AUDIENCES = tuple(_PEOPLE)
BASELINE = "staff"
"""What a partner's list is compared to: staff of one entity, the largest."""

_SMALL_PARTNER = """
SELECT u.email FROM user_account u JOIN membership m ON m.user_id = u.id AND m.role = 'PARTNER_ADMIN'
JOIN business_entity e ON e.id = m.entity_id AND e.code = 'CC'
JOIN "order" o ON o.channel_organization_ids @> ARRAY[m.organization_id]
WHERE u.password_hash IS NOT NULL GROUP BY u.email ORDER BY count(*), u.email LIMIT 1
"""
_MEMBERSHIPS = """
SELECT m.role, m.user_id, m.organization_id, m.contact_id, m.team_id,
  array_remove(array_agg(m.entity_id), NULL) AS entities
FROM membership m JOIN user_account u ON u.id = m.user_id WHERE u.email = $1 GROUP BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True)
class Person:
    """Somebody who logs in at a portal, and the actor that makes."""

    name: str
    portal: str
    email: str
    actor: Actor


async def people(owner: "asyncpg.Connection[Any]") -> dict[str, Person]:
    """Everybody, by audience; a small partner is one with few orders."""
    found = {}
    for name, (portal, email) in _PEOPLE.items():
        email = email or str(await owner.fetchval(_SMALL_PARTNER))
        found[name] = await person(owner, name, portal, email)
    return found


async def person(owner: "asyncpg.Connection[Any]", name: str, portal: str, email: str) -> Person:
    """The person with a login. Raises: LookupError where the demo has none."""
    row = await owner.fetchrow(_MEMBERSHIPS, email)
    if row is None:
        raise LookupError(f"the demo has no login {email}")
    return Person(name, portal, email, _actor(row))


async def actors(owner: "asyncpg.Connection[Any]") -> dict[str, Actor]:
    """The actors alone."""
    return {name: person.actor for name, person in (await people(owner)).items()}


def _actor(row: asyncpg.Record) -> Actor:
    role = Role(row["role"])
    return Actor(
        role=role,
        entity_ids=tuple(sorted(row["entities"])),
        user_id=row["user_id"],
        organization_id=row["organization_id"],
        contact_id=row["contact_id"],
        team_id=row["team_id"],
        permissions=PERMISSIONS_OF[role],
    )
