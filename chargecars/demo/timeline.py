"""Rows of the event log, as the services of each area would have recorded them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from chargecars.demo.draw import Draw
from chargecars.demo.encode import Rows
from chargecars.demo.people import Person
from domain.events.record import Payload, plain


class Timeline:
    """Records events at any time."""

    def __init__(self, rows: Rows, draw: Draw) -> None:
        self._rows, self._draw = rows, draw

    def tell(
        self,
        payload: Payload,
        at: datetime,
        by: Person,
        *,
        entity_id: UUID,
        subject_id: UUID,
        organization_ids: Iterable[UUID | None] = (),
        channel: Iterable[UUID] = (),
        contact_ids: Iterable[UUID | None] = (),
        team_ids: Iterable[UUID] = (),
        changes: dict[str, list[Any]] | None = None,
    ) -> None:
        """One event; the arguments are those of `domain.events.record`."""
        row = {
            "id": self._draw.id(at),
            "entity_id": entity_id,
            "type": payload.type,
            "schema_version": payload.version,
            "subject_type": payload.subject_type,
            "subject_id": subject_id,
            "actor_user_id": by.user_id,
            "actor_name": by.name,
            "actor_role": by.role,
            "payload": {key: plain(value) for key, value in vars(payload).items()},
            "changes": changes or {},
            "internal": payload.internal,
            "organization_ids": _present(organization_ids),
            "channel_organization_ids": _present(channel),
            "contact_ids": _present(contact_ids),
            "team_ids": _present(team_ids),
        }
        self._rows.event(at, row)


def _present(ids: Iterable[UUID | None]) -> list[UUID]:
    return sorted({id for id in ids if id is not None})
