"""Keeping requests: a batch of them in one transaction, behind the answers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from domain.request_log import redaction
from domain.request_log.histogram import CLASSES, class_of
from domain.request_log.models import MOST_BODY, RequestLog

REPLAYABLE = frozenset({"/partners/{partner_id}/orders", "/orders/{partner_order_id}/status"})
"""Routes whose requests can be played again in the sandbox."""
GRAPHQL = "/graphql"
_OPERATION = re.compile(r"\b(?:query|mutation|subscription)\s+([A-Za-z_]\w{0,99})")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came by, with the bodies as far as they are held."""

    at: datetime
    entity_id: UUID
    organization_id: UUID | None
    client_kind: str | None
    client_id: UUID | None
    user_id: UUID | None
    request_id: str
    method: str
    route: str
    path: str
    ip_address: str
    headers: Mapping[bytes, bytes]
    request_body: bytes
    request_bytes: int
    response_body: bytes
    response_bytes: int
    status: int
    milliseconds: int

    @property
    def whose(self) -> tuple[Any, ...]:
        """Key of its hour."""
        hour = self.at.replace(minute=0, second=0, microsecond=0)
        return (hour, self.entity_id, self.organization_id, self.client_kind, self.client_id, self.route)


@dataclass(slots=True)
class Hour:
    """What is added to one hour of one client on one route."""

    requests: int = 0
    refused: int = 0
    errors: int = 0
    unlogged: int = 0
    milliseconds: int = 0
    slowest: int = 0
    histogram: list[int] = field(default_factory=lambda: [0] * CLASSES)

    def add(self, seen: Seen, *, logged: bool) -> None:
        self.requests += 1
        self.refused += 400 <= seen.status < 500
        self.errors += seen.status >= 500
        self.unlogged += not logged
        self.milliseconds += seen.milliseconds
        self.slowest = max(self.slowest, seen.milliseconds)
        self.histogram[class_of(seen.milliseconds)] += 1


def row_of(seen: Seen) -> dict[str, Any]:
    """The entry of a request, redacted. No session: it runs beside the loop that answers."""
    asked, given = redaction.redacted(seen.request_body, MOST_BODY)
    said, answer = redaction.redacted(seen.response_body, MOST_BODY)
    whole = seen.request_bytes == len(seen.request_body) and len(asked or "") < MOST_BODY
    return {
        "created_at": seen.at,
        "entity_id": seen.entity_id,
        "organization_id": seen.organization_id,
        "client_kind": seen.client_kind,
        "client_id": seen.client_id,
        "user_id": seen.user_id,
        "request_id": seen.request_id,
        "method": seen.method,
        "route": seen.route,
        "path": redaction.by_form(seen.path)[:500],
        "operation": _operation(seen, given),
        "ip_address": seen.ip_address,
        "codes": redaction.codes(answer),
        "request_headers": redaction.headers(seen.headers),
        "request_body": asked,
        "response_body": said,
        "milliseconds": seen.milliseconds,
        "request_bytes": seen.request_bytes,
        "response_bytes": seen.response_bytes,
        "status": seen.status,
        "sandbox": False,
        "replayable": seen.organization_id is not None and seen.route in REPLAYABLE and whole,
    }


def _operation(seen: Seen, given: Any) -> str | None:
    if seen.route != GRAPHQL or not isinstance(given, dict):
        return None
    named = given.get("operationName")
    if isinstance(named, str) and named:
        return named[:100]
    found = _OPERATION.search(str(given.get("query") or ""))
    return found[1] if found else None


async def keep(session: AsyncSession, rows: Sequence[dict[str, Any]], hours: Mapping[tuple[Any, ...], Hour]) -> None:
    """Write entries and add to hours; what was asked of a sandbox is its partner's. For the system."""
    owners = await _owners(session, {key[2] for key in hours if key[2]} | {r["organization_id"] for r in rows})
    if rows:
        await session.execute(insert(RequestLog).inline(), [_owned(row, owners) for row in rows])
    ordered = sorted(hours.items(), key=lambda item: tuple(map(str, item[0])))
    if ordered:
        await session.execute(_ADD, [_hour(key, hour, owners) for key, hour in ordered])


_OWNERS = text("""
    SELECT sandbox_organization_id, entity_id, organization_id FROM partner_sandbox
    WHERE sandbox_organization_id = ANY (:ids)
""").bindparams(bindparam("ids", type_=ARRAY(PgUUID)))


async def _owners(session: AsyncSession, ids: Iterable[UUID | None]) -> dict[UUID, tuple[UUID, UUID]]:
    """Of twins: entity and organization of the partner itself."""
    wanted = [id for id in ids if id is not None]
    if not wanted:
        return {}
    return {row[0]: (row[1], row[2]) for row in await session.execute(_OWNERS, {"ids": wanted})}


def _owned(row: dict[str, Any], owners: Mapping[UUID, tuple[UUID, UUID]]) -> dict[str, Any]:
    owner = owners.get(row["organization_id"])
    if owner is None:
        return row
    return row | {"entity_id": owner[0], "organization_id": owner[1], "sandbox": True}


def _hour(key: tuple[Any, ...], hour: Hour, owners: Mapping[UUID, tuple[UUID, UUID]]) -> dict[str, Any]:
    at, entity_id, organization_id, client_kind, client_id, route = key
    owner = owners.get(organization_id)
    return {
        "hour": at,
        "entity_id": owner[0] if owner else entity_id,
        "organization_id": owner[1] if owner else organization_id,
        "client_kind": client_kind,
        "client_id": client_id,
        "route": route,
        "sandbox": owner is not None,
        **{name: getattr(hour, name) for name in Hour.__slots__},
    }


_ADD = text("""
    INSERT INTO request_hour AS h (hour, entity_id, organization_id, client_kind, client_id, route, sandbox,
      requests, refused, errors, unlogged, milliseconds, slowest, histogram)
    VALUES (:hour, :entity_id, :organization_id, :client_kind, :client_id, :route, :sandbox,
      :requests, :refused, :errors, :unlogged, :milliseconds, :slowest, :histogram)
    ON CONFLICT (hour, entity_id, organization_id, client_kind, client_id, route, sandbox) DO UPDATE SET
      requests = h.requests + excluded.requests, refused = h.refused + excluded.refused,
      errors = h.errors + excluded.errors, unlogged = h.unlogged + excluded.unlogged,
      milliseconds = h.milliseconds + excluded.milliseconds, slowest = greatest(h.slowest, excluded.slowest),
      histogram = ARRAY(SELECT a + b FROM unnest(h.histogram, excluded.histogram) WITH ORDINALITY AS u(a, b, n)
        ORDER BY n)
""")
