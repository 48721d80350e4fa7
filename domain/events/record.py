"""Writing to the event log: one row per change, in the transaction of the change."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.rows import actor_of
from tenants.base import Base

TYPES: dict[str, type["Payload"]] = {}


@dataclass(frozen=True)
class Payload:
    """What an event says, for every party that may see its subject: never cost, margin or another party's data.

    A subclass is a frozen dataclass with `type` (`subject.happened`) and, when its fields change, a raised `version`.
    """

    type: ClassVar[str]
    subject_type: ClassVar[str]
    """GraphQL type of the subject."""
    version: ClassVar[int] = 1
    internal: ClassVar[bool] = False
    """Only staff may see it."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "type" in vars(cls):
            if cls.type in TYPES:
                raise TypeError(f"event type {cls.type} is declared twice")
            TYPES[cls.type] = cls


async def record(
    session: AsyncSession,
    payload: Payload,
    *,
    entity_id: UUID,
    subject_id: UUID,
    organization_ids: Iterable[UUID | None] = (),
    channel: Iterable[UUID] = (),
    contact_ids: Iterable[UUID | None] = (),
    team_ids: Iterable[UUID] = (),
    changes: dict[str, list[Any]] | None = None,
) -> None:
    """Append one event: for staff of the entity and, unless internal, for the channel, the contacts and the teams."""
    actor = actor_of(session)
    values = {
        "entity_id": entity_id,
        "type": payload.type,
        "schema_version": payload.version,
        "subject_type": payload.subject_type,
        "subject_id": subject_id,
        "actor_user_id": actor.user_id,
        "actor_name": actor.name,
        "actor_role": (actor.acts_as or actor.role).value,
        "payload": {key: plain(value) for key, value in asdict(payload).items()},
        "changes": changes or {},
        "internal": payload.internal,
        "organization_ids": _present(organization_ids),
        "channel_organization_ids": _present(channel),
        "contact_ids": _present(contact_ids),
        "team_ids": _present(team_ids),
    }
    await session.flush()
    await session.execute(insert(Event).inline().values(values))  # inline: nothing is read back, RLS may hide it


def changes_of(row: Base) -> dict[str, list[Any]]:
    """`{column: [before, after]}` of the pending changes of a loaded row; call it before flushing."""
    found: dict[str, list[Any]] = {}
    for attribute in inspect(row).attrs:
        history = attribute.history
        if history.has_changes() and attribute.key not in ("version", "updated_at"):
            before = history.deleted[0] if history.deleted else None
            found[attribute.key] = [plain(before), plain(attribute.value)]
    return found


def plain(value: Any) -> Any:
    """The value in JSON's terms: ids and decimals as text, times in ISO 8601."""
    match value:
        case UUID() | Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain(asdict(value))
        case _:
            return value


def _present(ids: Iterable[UUID | None]) -> list[UUID]:
    return sorted({id for id in ids if id is not None})
