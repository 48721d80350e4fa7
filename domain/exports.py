"""Data of an entity that is taken away as a file: said in its log before the first row is read."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from domain.errors import NotFound
from domain.events.record import Payload, record
from tenants.actor import Actor
from tenants.engine import Database
from tenants.models import BusinessEntity


@dataclass(frozen=True, slots=True)
class Span:
    """What an entity has of days in [since, until)."""

    entity_id: UUID
    since: date
    until: date


async def begin(database: Database, actor: Actor, span: Span, said: Payload) -> str:
    """Record the event about the entity; the entity's code. Raises: NotFound."""
    async with database.session(actor) as session:
        query = select(BusinessEntity.code).where(BusinessEntity.id == span.entity_id)
        code = (await session.execute(query)).scalar_one_or_none()
        if code is None:
            raise NotFound(field=("entity_id",))
        await record(session, said, entity_id=span.entity_id, subject_id=span.entity_id)
        return str(code)
