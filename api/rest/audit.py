"""The audit trail as a download, CSV or JSON lines, written while it is read: GET /audit/events."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import CSV, Pages, attachment, csv_of, harmless, hold_downloads, refuse_unknown
from api.guards import ids_of_the_request, require
from api.openapi import Media, described, query
from api.openapi.shapes import CSV as CSV_TYPE
from api.openapi.shapes import JSONL
from api.reading.ids import global_id, parse_id, parse_id_of
from api.requests import RequestError, actor_of
from domain.audit import trail
from domain.audit.trail import Wanted
from tenants.audience import Audience
from tenants.permissions import Permission

_TYPES = {"csv": CSV, "jsonl": "application/jsonl"}
_COLUMNS = (
    "time",
    "entity",
    "type",
    "subject_type",
    "subject_id",
    "actor_name",
    "actor_role",
    "actor_id",
    "internal",
    "changes",
    "payload",
)
_PARAMETERS = {"format", "since", "until", "type", "subjectType", "subjectId", "actorId", "actorRole", "entityId"}


async def events(request: Request) -> Response:
    """`?format=csv|jsonl&since=&until=&type=&subjectType=&subjectId=&actorId=&actorRole=&entityId=`, oldest first."""
    actor = await actor_of(request)
    allowed = actor.may(Permission.AUDIT_EXPORT) and actor.audience in (Audience.STAFF, Audience.SYSTEM)
    require(actor, allowed, "Administrators may download the audit trail.")
    format, wanted = _format(request), _wanted(request)
    await hold_downloads(request, actor, "audit", "The trail")
    database = request.app.state.database
    await trail.begin_export(database, actor, wanted, format)
    write = _csv if format == "csv" else _lines
    name = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{format}"
    return attachment(write(trail.pages(database, actor, wanted)), name, _TYPES[format])


def _format(request: Request) -> str:
    refuse_unknown(request, _PARAMETERS)
    format = request.query_params.get("format", "csv")
    if format not in _TYPES:
        raise RequestError(400, "BAD_INPUT", "format: csv or jsonl.")
    return format


def _wanted(request: Request) -> Wanted:
    given = request.query_params
    with ids_of_the_request():
        return Wanted(
            since=_time(given.get("since"), "since"),
            until=_time(given.get("until"), "until"),
            type=given.get("type"),
            subject_type=given.get("subjectType"),
            subject_id=parse_id(given["subjectId"], "subjectId")[1] if "subjectId" in given else None,
            actor_user_id=_id("User", given.get("actorId"), "actorId"),
            actor_role=given.get("actorRole"),
            entity_id=_id("BusinessEntity", given.get("entityId"), "entityId"),
        )


def _id(kind: str, value: str | None, name: str) -> UUID | None:
    return parse_id_of(frozenset({kind}), value, name) if value is not None else None


def _time(value: str | None, name: str) -> datetime | None:
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise RequestError(400, "BAD_INPUT", f"{name}: an ISO 8601 time with its offset, as in 2026-03-01T09:00:00Z.")


def _csv(pages: Pages) -> AsyncIterator[str]:
    return csv_of(_COLUMNS, pages, lambda row: [_cell(value) for value in _record(row).values()])


def _cell(value: Any) -> str:
    return harmless(value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode())


async def _lines(pages: Pages) -> AsyncIterator[bytes]:
    async for rows in pages:
        yield b"".join(orjson.dumps(_record(row)) + b"\n" for row in rows)


def _record(row: Row[Any]) -> dict[str, Any]:
    """One line; ids are global ids, `changes` is `{column: [before, after]}`."""
    subject = global_id(row.subject_type, row.subject_id)
    actor = global_id("User", row.actor_user_id) if row.actor_user_id else None
    time = row.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    who = (row.actor_name, row.actor_role, actor)
    values = (time, row.entity, row.type, row.subject_type, subject, *who, row.internal, row.changes, row.payload)
    return dict(zip(_COLUMNS, values, strict=True))


ROUTES = [
    described(
        Route("/audit/events", events, methods=["GET"]),
        summary="The audit trail, oldest first.",
        tag="Downloads",
        responses={200: (Media(CSV_TYPE, {"type": "string"}), Media(JSONL, {"type": "string"}))},
        codes={400: ("BAD_INPUT", "BAD_ID")},
        parameters=[
            query("format", "How it is written.", schema={"enum": ["csv", "jsonl"], "default": "csv"}),
            query("since", "From this time on.", schema={"type": "string", "format": "date-time"}),
            query("until", "Before this time.", schema={"type": "string", "format": "date-time"}),
            query("type", "Events of this type, such as `order.held`."),
            query("subjectType", "About subjects of this kind."),
            query("subjectId", "About this subject: a global id."),
            query("actorId", "By this user: a global id."),
            query("actorRole", "In this role."),
            query("entityId", "Of this business entity: a global id."),
        ],
        words="For administrators.",
    )
]
