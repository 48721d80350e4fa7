"""Positions: the order in which events became visible, which cursors, the relay and the reactions speak of.

A constraint trigger writes them at COMMIT, under one lock that is kept until the commit is visible. So a reader that
remembers the last position it saw and asks for `position > last ORDER BY position` misses nothing, however long other
transactions run; a rollback leaves at most a missing number, which nobody waits for.

How to read fast, whoever asks:
    staff of an entity   event_position by (entity_id, position)
    a party              position_row by (key, position), joined to event_position; `key_of(actor)` is its key
    the system           event_position by position
and from there the event by (event_id, created_at), of which row-level security decides once more whether it is seen.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import EventPosition, PositionRow
from domain.rows import actor_of
from tenants.actor import Actor
from tenants.audience import Audience

CHANNEL = "chargecars_events"
"""On which PostgreSQL tells of commits that hold events; without a payload."""
_COMMIT_ORDER = 0x706F_7369_7469  # an arbitrary constant: the advisory lock of giving positions

_COLUMNS = (
    EventPosition.position,
    EventPosition.event_id,
    EventPosition.created_at,
    EventPosition.entity_id,
    EventPosition.type,
    EventPosition.subject_type,
    EventPosition.subject_id,
)


@dataclass(frozen=True, slots=True)
class Positioned:
    """An event's place in the log and what it is about."""

    position: int
    event_id: UUID
    created_at: datetime
    entity_id: UUID
    type: str
    subject_type: str
    subject_id: UUID


async def after(
    session: AsyncSession,
    position: int,
    limit: int,
    *,
    types: Collection[str] | None = None,
    subject_id: UUID | None = None,
) -> list[Positioned]:
    """The next positions after one that the session's actor may see, in order, `limit` at most."""
    query = visible(actor_of(session)).where(EventPosition.position > position)
    if types is not None:
        query = query.where(EventPosition.type.in_(types))
    if subject_id is not None:
        query = query.where(EventPosition.subject_id == subject_id)
    rows = await session.execute(query.order_by(EventPosition.position).limit(limit))
    return [Positioned(*row) for row in rows]


async def newest(session: AsyncSession) -> int:
    """The last position that the session's actor may see; 0 where there is none."""
    query = visible(actor_of(session)).order_by(EventPosition.position.desc()).limit(1)
    row = (await session.execute(query)).first()
    return int(row.position) if row else 0


def key_of(actor: Actor) -> UUID | None:
    """Under what a party's positions are listed; None for staff and the system, which have no list."""
    own = {
        Audience.PARTNER: actor.organization_id,
        Audience.CUSTOMER: actor.contact_id,
        Audience.TECHNICIAN: actor.team_id,
    }
    return own.get(actor.audience)


def visible(actor: Actor) -> Select[int, UUID, datetime, UUID, str, str, UUID]:
    """A SELECT of positions that walks an index which holds the actor's alone."""
    query = select(*_COLUMNS)
    if actor.audience is Audience.STAFF and len(actor.entity_ids) == 1:
        return query.where(EventPosition.entity_id == actor.entity_ids[0])
    if actor.audience in (Audience.STAFF, Audience.SYSTEM):
        return query
    listed = PositionRow.position == EventPosition.position
    return query.join(PositionRow, listed).where(PositionRow.key == key_of(actor))


_LISTED = """
    SELECT DISTINCT listed.key, {position}
    FROM {source} CROSS JOIN LATERAL unnest({r}.channel_organization_ids || {r}.contact_ids || {r}.team_ids) AS k (key)
    LEFT JOIN contact c ON c.id = k.key AND c.merged_into_id IS NOT NULL
    CROSS JOIN LATERAL unnest(ARRAY[k.key, c.merged_into_id]) AS listed (key)
    WHERE listed.key IS NOT NULL AND NOT {r}.internal"""
"""What names a contact that was merged is on the list of the one that it was merged into as well."""

WRITE = f"""
CREATE OR REPLACE FUNCTION write_position() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE given bigint;
BEGIN
  PERFORM pg_advisory_xact_lock({_COMMIT_ORDER});
  INSERT INTO event_position (event_id, created_at, entity_id, type, subject_type, subject_id)
  VALUES (NEW.id, NEW.created_at, NEW.entity_id, NEW.type, NEW.subject_type, NEW.subject_id)
  RETURNING position INTO given;
  INSERT INTO position_row (key, position){_LISTED.format(position="given", source="(SELECT) e", r="NEW")};
  PERFORM pg_notify('{CHANNEL}', '');
  RETURN NULL;
END $$"""  # noqa: S608  # constants of this module
"""Whoever holds the lock is at the end of its transaction and waits for nothing else."""

_FOLLOW_MERGE = """
CREATE OR REPLACE FUNCTION positions_follow_merge() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO position_row (key, position)
  SELECT NEW.merged_into_id, p.position FROM position_row p WHERE p.key = NEW.id
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$"""


def statements() -> Iterator[str]:
    """The functions and the trigger on contacts, replaced by every migration; revision 0009 made the trigger."""
    yield WRITE
    yield _FOLLOW_MERGE
    yield (
        "CREATE OR REPLACE TRIGGER positions_follow_merge AFTER UPDATE OF merged_into_id ON contact FOR EACH ROW "
        "WHEN (NEW.merged_into_id IS NOT NULL) EXECUTE FUNCTION positions_follow_merge()"
    )


def refill_statements() -> Iterator[str]:
    """Positions for all events anew, by their time, as the owner, after a load that did not run the trigger.

    Reactions begin after what was loaded: nobody is told of it.
    """
    yield "TRUNCATE event_position, position_row RESTART IDENTITY"
    yield (
        "INSERT INTO event_position (position, event_id, created_at, entity_id, type, subject_type, subject_id) "
        "OVERRIDING SYSTEM VALUE SELECT row_number() OVER (ORDER BY created_at, id), "
        "id, created_at, entity_id, type, subject_type, subject_id FROM event ORDER BY created_at, id"
    )
    yield (
        "SELECT setval(pg_get_serial_sequence('event_position', 'position'), max(position)) "
        "FROM event_position HAVING count(*) > 0"
    )
    source = "event e JOIN event_position p ON p.event_id = e.id"
    yield f"INSERT INTO position_row (key, position){_LISTED.format(position='p.position', source=source, r='e')}"
    yield "UPDATE event_consumer SET position = coalesce((SELECT max(position) FROM event_position), 0)"
