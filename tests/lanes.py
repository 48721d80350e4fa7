"""One question through each lane: what a client would get, so that both can be compared."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from api.admission import READS_AND_WRITES, Admitted, Refused, admit
from api.context import Context, RequestFacts
from api.executor import execute
from api.graphql import _is_refused, body_of, status_of
from api.lane import Lane, Ordinary, Written
from api.masking import presented
from api.reading.schema import Schema
from api.requests import JSON, Operation, RequestError
from tenants.actor import Actor
from tenants.engine import Database
from tenants.settings import Settings

_CHANCE = re.compile(rb'"(errorId|webhook-timestamp)":"[0-9a-f]+"')


@dataclass(frozen=True)
class Said:
    """Status and body, without the meter and with nothing in it that chance decides; `reason` why it is not the byte
    lane's, empty where it is."""

    status: int
    body: bytes
    reason: str = ""

    @property
    def data(self) -> Any:
        return orjson.loads(self.body).get("data")

    @property
    def errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = orjson.loads(self.body).get("errors", [])
        return found


@dataclass(frozen=True)
class Lanes:
    """Both lanes of a schema, asked for one actor at a time."""

    schema: Schema
    lane: Lane
    database: Database
    settings: Settings

    @classmethod
    def of(cls, schema: Schema, database: Database, settings: Settings) -> "Lanes":
        return cls(schema, Lane(schema), database, settings)

    async def both(
        self, actor: Actor, document: str, variables: dict[str, Any] | None = None, name: str | None = None
    ) -> tuple[Said, Said]:
        """What the ordinary lane says, and what the byte lane does."""
        operation = Operation(document, name, variables, None)
        return await self._say(actor, operation, byte_lane=False), await self._say(actor, operation, byte_lane=True)

    async def _say(self, actor: Actor, operation: Operation, *, byte_lane: bool) -> Said:
        facts = RequestFacts(uuid4().hex, "203.0.113.1", host="nobody.localhost", idempotency_key=uuid4().hex)
        context = Context(actor, self.database, self.settings, facts, language="en")
        try:
            admitted = await admit(self.schema, operation, context, READS_AND_WRITES)
        except Refused as refused:
            return self._said(Written(None, refused.errors), context, "refused request")
        except RequestError as refused:
            return Said(refused.status, orjson.dumps({"errors": [refused.extensions]}), "refused request")
        reason = ""
        try:
            written = await self._written(admitted, context, byte_lane)
        except Ordinary as ordinary:
            reason = ordinary.reason
            written = await self._written(admitted, context, byte_lane=False)
        return self._said(written, context, reason)

    async def _written(self, admitted: Admitted, context: Context, byte_lane: bool) -> Written:
        if byte_lane:
            return await self.lane.answer(admitted, context)
        result = await execute(self.schema, admitted, context)
        return Written(None if _is_refused(result) else orjson.dumps(result.data), result.errors or ())

    def _said(self, written: Written, context: Context, reason: str) -> Said:
        errors = presented([*written.errors], context)
        actual = {"actual": context.charge.settle(context.spent)["actual"]} if context.charge else {}
        status = 200 if written.data is not None else status_of(errors, JSON)
        body = body_of(written.data, errors, actual).replace(b"\n", b"")
        return Said(status, _CHANCE.sub(rb'"\1":""', body), reason)
