"""Writing to the event log: one row per change, in the transaction of the change."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from domain.events.models import Event
from domain.rows import actor_of
from tenants.actor import Actor
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
    about = About(entity_id, subject_id, organization_ids, channel, contact_ids, team_ids, changes or {})
    await record_all(session, [(payload, about)])


@dataclass(frozen=True, slots=True)
class About:
    """Whom an event is about, see `record`."""

    entity_id: UUID
    subject_id: UUID
    organization_ids: Iterable[UUID | None] = ()
    channel: Iterable[UUID] = ()
    contact_ids: Iterable[UUID | None] = ()
    team_ids: Iterable[UUID] = ()
    changes: dict[str, list[Any]] = field(default_factory=dict)


async def record_all(session: AsyncSession, happened: Iterable[tuple[Payload, About]]) -> None:
    """Append many events in their order, in one statement."""
    actor = actor_of(session)
    rows = [_row(actor, payload, about) for payload, about in happened]
    await session.flush()
    if rows:
        await session.execute(insert(Event).inline(), rows)  # inline: nothing is read back, RLS may hide it


def _row(actor: Actor, payload: Payload, about: About) -> dict[str, Any]:
    return {
        "entity_id": about.entity_id,
        "type": payload.type,
        "schema_version": payload.version,
        "subject_type": payload.subject_type,
        "subject_id": about.subject_id,
        "actor_user_id": actor.user_id,
        "actor_name": actor.name,
        "actor_role": (actor.acts_as or actor.role).value,
        "payload": {key: plain(value) for key, value in asdict(payload).items()},
        "changes": about.changes,
        "internal": payload.internal,
        "organization_ids": _present(about.organization_ids),
        "channel_organization_ids": _present(about.channel),
        "contact_ids": _present(about.contact_ids),
        "team_ids": _present(about.team_ids),
    }


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
