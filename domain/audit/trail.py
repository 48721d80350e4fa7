"""Reading the audit trail from end to end, a page per transaction, as somebody who may see its changes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, tuple_

from domain.audit.events import AuditExported
from domain.events.models import Event
from domain.events.record import plain, record
from tenants.actor import Actor
from tenants.engine import Database
from tenants.models import BusinessEntity

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the trail: all that are given hold together; `until` is not part of it."""

    since: datetime | None = None
    until: datetime | None = None
    type: str | None = None
    subject_type: str | None = None
    subject_id: UUID | None = None
    actor_user_id: UUID | None = None
    actor_role: str | None = None
    entity_id: UUID | None = None

    def given(self) -> dict[str, str]:
        """The conditions as text, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(plain(value)) for name, value in values.items() if value is not None}

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same over `Event`."""
        equal = ("type", "subject_type", "subject_id", "actor_user_id", "actor_role", "entity_id")
        found = [getattr(Event, name) == getattr(self, name) for name in equal if getattr(self, name) is not None]
        if self.since is not None:
            found.append(Event.created_at >= self.since)
        if self.until is not None:
            found.append(Event.created_at < self.until)
        return found


async def begin_export(database: Database, actor: Actor, wanted: Wanted, format: str) -> None:
    """Say in the log of each business entity concerned that its trail is taken away."""
    async with database.session(actor) as session:
        query = select(BusinessEntity.id).order_by(BusinessEntity.code)
        if wanted.entity_id is not None:
            query = query.where(BusinessEntity.id == wanted.entity_id)
        elif actor.entity_ids:
            query = query.where(BusinessEntity.id.in_(actor.entity_ids))
        for entity_id in (await session.scalars(query)).all():
            await record(session, AuditExported(wanted.given(), format), entity_id=entity_id, subject_id=entity_id)


async def pages(database: Database, actor: Actor, wanted: Wanted) -> AsyncIterator[Sequence[Row[Any]]]:
    """Events with the code of their entity, the oldest first; as the actor sees them when each page is read."""
    last: tuple[datetime, UUID] | None = None
    while True:
        async with database.session(actor) as session:
            rows = (await session.execute(_page(actor, wanted, last))).all()
        if rows:
            yield rows
            last = (rows[-1].created_at, rows[-1].id)
        if len(rows) < _PAGE:
            return


def _page(actor: Actor, wanted: Wanted, last: tuple[datetime, UUID] | None) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            Event.id,
            Event.created_at,
            BusinessEntity.code.label("entity"),
            Event.type,
            Event.subject_type,
            Event.subject_id,
            Event.actor_name,
            Event.actor_role,
            Event.actor_user_id,
            Event.internal,
            Event.payload,
            Event.changes,
        )
        .join(BusinessEntity, BusinessEntity.id == Event.entity_id)
        .where(*wanted.conditions())
        .order_by(Event.created_at, Event.id)
        .limit(_PAGE)
    )
    if len(actor.entity_ids) == 1:
        query = query.where(Event.entity_id == actor.entity_ids[0])
    return query if last is None else query.where(tuple_(Event.created_at, Event.id) > last)
