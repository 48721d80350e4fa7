"""The audit trail as a download, CSV or JSON lines, written while it is read: GET /audit/events."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from api.reading.errors import BadInput
from api.reading.ids import global_id, parse_id, parse_id_of
from api.requests import RequestError, actor_of
from domain.audit import trail
from domain.audit.trail import Wanted
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.permissions import Permission
from tenants.rate import take

_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/jsonl"}
_PER_HOUR = 20
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
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PARAMETERS = {"format", "since", "until", "type", "subjectType", "subjectId", "actorId", "actorRole", "entityId"}


async def events(request: Request) -> Response:
    """`?format=csv|jsonl&since=&until=&type=&subjectType=&subjectId=&actorId=&actorRole=&entityId=`, oldest first."""
    actor = await actor_of(request)
    _require(actor)
    format, wanted = _format(request), _wanted(request)
    taken = await take(request.app.state.redis, f"audit:{actor.user_id}", _PER_HOUR, 3600)
    if not taken.allowed:
        refused = RequestError(429, "RATE_LIMITED", f"The trail can be downloaded {_PER_HOUR} times an hour.")
        refused.headers["Retry-After"] = str(taken.retry_after)
        raise refused
    database = request.app.state.database
    await trail.begin_export(database, actor, wanted, format)
    write = _csv if format == "csv" else _lines
    name = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(write(trail.pages(database, actor, wanted)), headers=headers, media_type=_TYPES[format])


def _require(actor: Actor) -> None:
    if not actor.signed_in:
        refused = RequestError(401, "UNAUTHENTICATED", "Send Authorization: Bearer, followed by an access token.")
        refused.headers["WWW-Authenticate"] = "Bearer"
        raise refused
    if not actor.may(Permission.AUDIT_EXPORT) or actor.audience not in (Audience.STAFF, Audience.SYSTEM):
        raise RequestError(403, "FORBIDDEN", "Administrators may download the audit trail.")


def _format(request: Request) -> str:
    if unknown := set(request.query_params) - _PARAMETERS:
        raise RequestError(400, "BAD_INPUT", f"Unknown parameter {sorted(unknown)[0]!r}.")
    format = request.query_params.get("format", "csv")
    if format not in _TYPES:
        raise RequestError(400, "BAD_INPUT", "format: csv or jsonl.")
    return format


def _wanted(request: Request) -> Wanted:
    given = request.query_params
    try:
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
    except BadInput as error:
        raise RequestError(400, str((error.extensions or {}).get("code", "BAD_INPUT")), error.message) from None


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


async def _csv(pages: AsyncIterator[Sequence[Row[Any]]]) -> AsyncIterator[str]:
    """RFC 4180; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    yield _written([_COLUMNS])
    async for rows in pages:
        yield _written([_harmless(value) for value in _record(row).values()] for row in rows)


def _written(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _harmless(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(_FORMULA) else text


async def _lines(pages: AsyncIterator[Sequence[Row[Any]]]) -> AsyncIterator[bytes]:
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


ROUTES = [Route("/audit/events", events, methods=["GET"])]
