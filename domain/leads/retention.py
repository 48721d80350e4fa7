"""Erasing persons who came as a lead and never became more, once their entities' time for it is over (T15)."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contacts import privacy
from domain.contacts.models import Contact
from domain.contacts.personal import DECLARED, Personal
from tenants.actor import SYSTEM
from tenants.auth import clock

MOST = 200
"""Of one run."""
_PATIENCE = text("SELECT set_config('statement_timeout', '120000', true)")
_PERSON = {"CAST(:ids AS uuid[])": "person.ids", "CAST(:users AS uuid[])": "logins.users"}
_QUIET = """
    SELECT c.id FROM contact c
      CROSS JOIN LATERAL (
        SELECT array_agg(d.id) AS ids FROM contact d WHERE d.id = c.id OR d.merged_into_id = c.id
      ) person
      CROSS JOIN LATERAL (
        SELECT array_agg(m.user_id) AS users FROM membership m WHERE m.contact_id = ANY (person.ids)
      ) logins
      CROSS JOIN LATERAL (
        SELECT CAST(:now AS timestamptz) - make_interval(days => max(e.lead_retention_days)) AS since
        FROM business_entity e WHERE e.id IN (
          SELECT r.entity_id FROM contact_relation r WHERE r.contact_id = ANY (person.ids)
          UNION ALL SELECT l.entity_id FROM lead l WHERE l.contact_id = ANY (person.ids)
        )
      ) kept
    WHERE c.contact_type = 'PERSON' AND c.merged_into_id IS NULL AND c.erased_at IS NULL
      AND c.parent_organization_id IS NULL
      AND EXISTS (SELECT 1 FROM lead l WHERE l.contact_id = ANY (person.ids))
      AND NOT EXISTS (SELECT 1 FROM lead l WHERE l.contact_id = ANY (person.ids) AND l.created_at >= kept.since)
      AND NOT EXISTS (
        SELECT 1 FROM contact_relation r
        WHERE r.contact_id = ANY (person.ids) AND r.lifecycle NOT IN ('LEAD', 'INACTIVE')
      )
      AND NOT EXISTS (
        SELECT 1 FROM membership m JOIN user_account u ON u.id = m.user_id
        WHERE m.contact_id = ANY (person.ids) AND m.status <> 'REVOKED'
          AND (m.role <> 'CUSTOMER' OR u.last_login_at >= kept.since)
      )
      AND NOT EXISTS (SELECT 1 FROM timeline_row t WHERE t.key = ANY (person.ids) AND t.created_at >= kept.since)
"""


async def due(session: AsyncSession, most: int = MOST) -> list[UUID]:
    """Persons that seem due, any `most` of them, so that those that are not erased never keep back the others."""
    await session.execute(_PATIENCE)
    offers = [each for each in DECLARED.values() if each.open]  # have an index, and what else is kept belongs to one
    query = text(f"{_without(offers)} ORDER BY random() LIMIT :most")
    return list((await session.scalars(query, {"now": clock.now(), "most": most})).all())


async def erase_if_due(session: AsyncSession, contact_id: UUID) -> bool:
    """Erase a person who is still due; False where it is not, or is being changed. A session of the system actor."""
    row = select(Contact.id).where(Contact.id == contact_id).with_for_update(skip_locked=True)
    if await session.scalar(row) is None:
        return False
    # Asked once more in a statement of its own, which sees what was committed until the row was locked.
    query = text(f"{_without(DECLARED.values())} AND c.id = :id")
    if await session.scalar(query, {"now": clock.now(), "id": contact_id}) is None:
        return False
    await privacy.erase(session, SYSTEM, contact_id)
    return True


def _without(declared: Iterable[Personal]) -> str:
    """Quiet persons without business of these kinds that the law has kept, at whatever stage."""
    kept = [(each.table, _of_the_row(each.kept)) for each in declared if each.kept]
    return _QUIET + "".join(f' AND NOT EXISTS (SELECT 1 FROM "{table}" WHERE {owned})' for table, owned in kept)  # noqa: S608  # declared


def _of_the_row(condition: str) -> str:
    """A condition of a declaration, about the person of the row and all its logins."""
    for parameter, column in _PERSON.items():
        condition = condition.replace(parameter, column)
    return condition
