"""Blanking what the audit trail says of a person at its request (T15); that something changed, and when, stays.

The log itself is append-only for every audience. The one exception is this function of the owner, which the system
audience may call; the trigger on the table lets nothing but these two columns change.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

_FUNCTION = """
CREATE OR REPLACE FUNCTION redact_events(contacts uuid[], users uuid[]) RETURNS integer LANGUAGE sql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH redacted AS (
    UPDATE event SET
      actor_name = CASE WHEN actor_user_id = ANY (users) THEN '' ELSE actor_name END,
      changes = CASE
        WHEN subject_type IN ('Contact', 'Organization', 'Lead')
          AND (contact_ids && contacts OR subject_id = ANY (contacts))
        THEN coalesce((SELECT jsonb_object_agg(key, '[null, null]'::jsonb) FROM jsonb_object_keys(changes) key), '{}')
        ELSE changes END
    WHERE contact_ids && contacts OR subject_id = ANY (contacts) OR actor_user_id = ANY (users)
    RETURNING 1
  ) SELECT count(*)::integer FROM redacted
$$"""


def statements() -> Iterator[str]:
    """The function, replaced by every migration."""
    yield _FUNCTION
    yield "REVOKE ALL ON FUNCTION redact_events(uuid[], uuid[]) FROM PUBLIC"
    yield "GRANT EXECUTE ON FUNCTION redact_events(uuid[], uuid[]) TO chargecars_system"


async def redact(session: AsyncSession, contact_ids: Sequence[UUID], user_ids: Sequence[UUID]) -> int:
    """Blank the changes and names of these persons' events; how many events were touched. For the system actor."""
    call = select(func.redact_events(list(contact_ids), list(user_ids)))
    return int((await session.execute(call)).scalar_one())
