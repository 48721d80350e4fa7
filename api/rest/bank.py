"""Bank statements as files: POST /bank/statements?entityId=…, CAMT.053 as the body; the same as importBankStatement."""

from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.errors import camel
from api.guards import entity_of, hold, require
from api.openapi import Media, described, query
from api.openapi.shapes import XML
from api.reading.ids import global_id
from api.requests import RequestError, actor_of
from domain.bank import errors
from domain.bank.importing import Imported, import_file
from domain.errors import Conflict, DomainError, DomainErrors, NotFound
from tenants.actor import Actor
from tenants.audience import Audience
from tenants.permissions import Permission

_PER_HOUR = 120
_TYPES = frozenset({"application/xml", "text/xml"})


async def import_statements(request: Request) -> Response:
    """201 with what was done statement by statement; 200 where all was imported before; 4xx with a code else."""
    actor = await actor_of(request)
    allowed = actor.may(Permission.PAYMENTS_WRITE) and actor.audience in (Audience.STAFF, Audience.SYSTEM)
    require(actor, allowed, "Finance may send bank statements.", send="a key or token")
    entity_id = _entity(request)
    await _hold(request, actor)
    data = await request.body()
    try:
        async with request.app.state.database.session(actor) as session:
            done = await import_file(session, entity_id, data)
    except (DomainError, DomainErrors) as refused:
        raise _refused(refused, actor) from None
    status = 201 if any(each.outcome == "IMPORTED" for each in done) else 200
    return Response(orjson.dumps([_told(each) for each in done]), status, media_type="application/json")


def _entity(request: Request) -> UUID:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "Send the file as application/xml.")
    return entity_of(request)


async def _hold(request: Request, actor: Actor) -> None:
    caller = actor.user_id or (actor.client and actor.client.id)
    await hold(request, f"bank:{caller}", _PER_HOUR, 3600, f"At most {_PER_HOUR} files an hour.")


def _refused(error: DomainError | DomainErrors, actor: Actor) -> RequestError:
    first = error.errors[0]
    status = 404 if isinstance(first, NotFound) else 409 if isinstance(first, Conflict) else 422
    field = [camel(part) for part in first.field]
    return RequestError(status, first.code, first.message(actor.language), field=field)


def _told(done: Imported) -> dict[str, Any]:
    return {
        "statementId": global_id("BankStatement", done.statement_id),
        "outcome": done.outcome.value,
        "reference": done.reference,
        "transactions": done.transactions,
        "duplicates": done.duplicates,
        "matched": done.matched,
        "proposed": done.proposed,
        "unmatched": done.unmatched,
        "missing": done.missing,
    }


_COUNTS = ("transactions", "duplicates", "matched", "proposed", "unmatched")
_STATEMENT = {
    "type": "object",
    "required": ["statementId", "outcome", "reference", *_COUNTS],
    "properties": {
        "statementId": {"type": "string"},
        "outcome": {"type": "string"},
        "reference": {"type": "string"},
        **{name: {"type": "integer"} for name in _COUNTS},
        "missing": {},
    },
}
ROUTES: list[Any] = [
    described(
        Route("/bank/statements", import_statements, methods=["POST"]),
        summary="Read in bank statements, CAMT.053.",
        tag="Bank",
        body=(Media(XML, {"type": "string"}), Media("text/xml", {"type": "string"})),
        responses={200: {"type": "array", "items": _STATEMENT}, 201: {"type": "array", "items": _STATEMENT}},
        codes={
            400: ("BAD_ID",),
            404: (NotFound,),
            409: (errors.StatementDiffers,),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
            422: (
                errors.BankFileTooLarge,
                errors.BankFileUnsafe,
                errors.BankFileUnreadable,
                errors.BankFileFormat,
                errors.StatementIncomplete,
                errors.StatementTotals,
                errors.StatementCurrency,
                errors.StatementOfOtherAccount,
            ),
        },
        parameters=[query("entityId", "The business entity: a global id.", required=True)],
        words="201 where a statement was new, 200 where all were read in before. For finance.",
    )
]
"""Bound in size by the server's limit for bodies (MAX_BODY_BYTES)."""
