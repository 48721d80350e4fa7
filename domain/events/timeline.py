"""Which events are on whose timeline, as rows: under row-level security no index serves a search in the log's arrays.

A trigger writes them with the event, so that nobody can forget.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import PrimaryKeyConstraint
from sqlalchemy.orm import Mapped

from tenants.base import Base
from tenants.rls import OF_THE_ENTITY, Rule, protect


class TimelineRow(Base):
    """Event `event_id` is on the timeline of contact or organization `key`."""

    __tablename__ = "timeline_row"
    __table_args__ = (PrimaryKeyConstraint("key", "created_at", "event_id"),)

    key: Mapped[UUID]
    created_at: Mapped[datetime]
    event_id: Mapped[UUID]
    entity_id: Mapped[UUID]


_WITH_ITS_EVENT = "The row says which event to look at; the event itself decides who sees it."
protect(
    TimelineRow,
    system_may="SELECT",
    staff=Rule(OF_THE_ENTITY),
    partner=Rule(OF_THE_ENTITY),
    customer=Rule("key = ANY (ARRAY(SELECT c.id FROM contact c)) AND entity_id = ANY ({entities})"),
    technician=Rule(OF_THE_ENTITY),
    explain=dict.fromkeys(("staff", "partner", "customer", "technician"), _WITH_ITS_EVENT),
)

_FUNCTION = """
CREATE OR REPLACE FUNCTION write_timeline() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO timeline_row (key, event_id, entity_id, created_at)
  SELECT DISTINCT k.key, e.id, e.entity_id, e.created_at
  FROM added e CROSS JOIN LATERAL unnest(e.contact_ids || e.organization_ids) AS k (key);
  RETURN NULL;
END $$"""


def refill_statements() -> Iterator[str]:
    """Write all rows anew, as the owner, after a load that did not run the trigger."""
    yield "TRUNCATE timeline_row"
    yield (
        "INSERT INTO timeline_row (key, event_id, entity_id, created_at) "
        "SELECT DISTINCT k.key, e.id, e.entity_id, e.created_at "
        "FROM event e CROSS JOIN LATERAL unnest(e.contact_ids || e.organization_ids) AS k (key) "
        "ORDER BY k.key, e.created_at"
    )


def statements() -> Iterator[str]:
    """The trigger, replaced by every migration."""
    yield _FUNCTION
    yield (
        "CREATE OR REPLACE TRIGGER write_timeline AFTER INSERT ON event REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION write_timeline()"
    )
