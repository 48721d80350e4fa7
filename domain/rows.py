"""Finding one row as the actor of a session sees it."""

from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from domain.errors import FieldPath, NotFound
from tenants.actor import Actor
from tenants.base import Base
from tenants.rls import REGISTRY

M = TypeVar("M", bound=Base)


def actor_of(session: AsyncSession) -> Actor:
    """The actor that the session's transaction runs as."""
    return cast(Actor, session.info["actor"])


async def find(session: AsyncSession, model: type[M], id: UUID, *, lock: bool = False, field: FieldPath = ("id",)) -> M:
    """The row with this id, locked for change where asked; NotFound where it does not exist for the actor."""
    query = select(model).where(inspect(model).primary_key[0] == id).options(*granted_columns(session, model))
    if lock:
        query = query.with_for_update(of=model).execution_options(populate_existing=True)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound(field=field)
    return row


def granted_columns(session: AsyncSession, model: type[M]) -> tuple[Any, ...]:
    """Loader options that leave out the columns which the actor's database role may not read."""
    rule = REGISTRY[inspect(model).local_table.name].rules.get(actor_of(session).audience)  # type: ignore[attr-defined]  # a Table, not any FromClause
    if rule is None or not rule.unread:
        return ()
    granted = [attribute for attribute in inspect(model).column_attrs if attribute.key not in rule.unread]
    return (load_only(*(attribute.class_attribute for attribute in granted), raiseload=True),)
