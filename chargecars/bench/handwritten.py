"""What GraphQL is measured against: an endpoint for three fixed questions, written by hand with asyncpg.

No schema, no permissions, cost, limits, log or metrics: who asks (the same access tokens), one prepared statement with
the row-level security context in it, and PostgreSQL's JSON as the answer. `uvicorn chargecars.bench.handwritten:app`.
"""

import re
from typing import Any

import orjson

from tenants.actor import SETTINGS, Actor
from tenants.audience import Audience
from tenants.auth.authenticate import authenticate
from tenants.engine import Database, role_password
from tenants.secrets import with_secrets
from tenants.settings import settings

_OF = len(SETTINGS)
_CONTEXT = " || ".join(f"set_config('{name}', ${place}, true)" for place, name in enumerate(SETTINGS, start=1))


def _id(kind: str, value: str) -> str:
    return f"""'"' || encode(convert_to('{kind}:' || {value}, 'UTF8'), 'base64') || '"'"""


def _text(value: str) -> str:
    return f"to_json({value})::text"


def _object(**members: str) -> str:
    return " || ',' || ".join(f"'\"{name}\":' || {value}" for name, value in members.items()).join(
        ("'{' || ", " || '}'")
    )


def _array(text: str, source: str) -> str:
    return f"'[' || array_to_string(ARRAY(SELECT {text} FROM {source}), ',') || ']'"


_LINE = _object(
    id=_id("LineItem", "l.id"),
    position="l.position::text",
    sku=_text("l.sku"),
    description=_text("l.description"),
    quantity="'\"' || l.quantity || '\"'",
    unit=_text("l.unit"),
    visitPosition="coalesce(l.visit_position::text, 'null')",
)
_VISIT = _object(
    id=_id("Visit", "v.id"),
    position="v.position::text",
    kind=_text("v.kind"),
    status=_text("v.status"),
    minutes="v.minutes::text",
    day=f"coalesce({_text('v.day')}, 'null')",
)
_LINES = _array(_LINE, "line_item l WHERE l.quote_version_id = o.quote_version_id ORDER BY l.position")
_VISITS = _array(_VISIT, "visit v WHERE v.order_id = o.id ORDER BY v.position")
_ORDER = {
    "id": _id("Order", "o.id"),
    "number": _text("o.number"),
    "stage": _text("o.stage"),
    "progress": "o.progress::text",
    "onHold": "o.on_hold::text",
    "createdAt": """rtrim(to_json(o.created_at AT TIME ZONE 'UTC')::text, '"') || 'Z"'""",
    "lines": _LINES,
}
_ONE = f"""SELECT CASE WHEN {_CONTEXT} IS NOT NULL
THEN textsend((SELECT {_object(**_ORDER, visits=_VISITS)} FROM "order" o WHERE o.id = ${_OF + 1})) END"""
_GATE = f"(SELECT {_CONTEXT} AS s OFFSET 0) g"
_NEWEST = {
    Audience.STAFF: f"""\"order" o WHERE g.s IS NOT NULL AND o.entity_id = ${_OF + 2}
ORDER BY o.created_at DESC, o.id DESC LIMIT ${_OF + 1}""",
    Audience.PARTNER: f"""channel_row c JOIN "order" o ON o.id = c.row_id
WHERE g.s IS NOT NULL AND c.kind = 'order' AND c.organization_id = ${_OF + 2}
ORDER BY c.created_at DESC, c.row_id DESC LIMIT ${_OF + 1}""",
}
_LIST = {
    audience: f"SELECT x.j FROM {_GATE}, LATERAL (SELECT textsend({_object(**_ORDER)}) AS j FROM {source}) x"
    for audience, source in _NEWEST.items()
}
_BEARER = re.compile(rb"Bearer ([\x21-\x7e]+)")


class HandWritten:
    """`{"id": uuid}` gives one order, `{"first": n}` the newest ones."""

    def __init__(self) -> None:
        self._settings = with_secrets(settings())
        self._database = Database(
            self._settings.database_url, role_password(self._settings), self._settings.database_pool_size
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        given = _BEARER.fullmatch(headers.get(b"authorization", b""))
        bearer = given[1].decode() if given else None
        actor = await authenticate(self._database, self._settings, bearer=bearer, host=headers[b"host"].decode())
        body = await self._answer(actor, orjson.loads((await receive())["body"]))
        start = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": start})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, actor: Actor, asked: dict[str, Any]) -> bytes:
        context = actor.settings().values()
        pool = await self._database.pool(actor.audience)
        async with pool.acquire() as connection:
            if "id" in asked:
                found: bytes = await connection.fetchval(_ONE, *context, asked["id"])
                return b'{"data":{"order":' + found + b"}}"
            key = actor.organization_id if actor.audience is Audience.PARTNER else actor.entity_ids[0]
            rows = await connection.fetch(_LIST[actor.audience], *context, asked["first"], key)
        return b'{"data":{"orders":{"nodes":[' + b",".join([row[0] for row in rows]) + b"]}}}"


app = HandWritten()
