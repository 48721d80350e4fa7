"""Files of onboarding: POST /partner-documents takes a PDF, /partner-sku-map takes and gives the map as CSV."""

from datetime import date
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.downloads import CSV, harmless, refuse_unknown
from api.errors import camel
from api.guards import entity_of, hold, ids_of_the_request, require
from api.openapi import Media, described, query
from api.reading.ids import global_id, parse_id_of
from api.requests import RequestError, actor_of
from domain.contacts import tree
from domain.errors import Conflict, DomainError, DomainErrors, NotFound, PermissionDenied
from domain.onboarding import criteria, documents, errors, sku_import, sku_map
from domain.onboarding.documents import Given
from domain.onboarding.sku_import import Planned, SkuMapChange
from tenants.actor import SYSTEM, Actor
from tenants.audience import Audience
from tenants.permissions import Permission

PER_HOUR = 120
_PDF = "application/pdf"
_TEXTS = ("kind", "reference", "issuer", "fileName")
_KNOWN = ("entityId", "organizationId", "issuedOn", "expiresOn", "insuredCents", *_TEXTS)


async def add_document(request: Request) -> Response:
    """201 with the id and number of the version; 4xx with a code and the parameter that is at fault else."""
    actor = await _actor(request)
    refuse_unknown(request, _KNOWN)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _PDF:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "Send the file as application/pdf.")
    entity_id, organization_id = entity_of(request), _organization(request)
    given = _given(request, await request.body())
    try:
        async with request.app.state.database.session(SYSTEM) as session:
            made = await documents.add(session, actor, entity_id, organization_id, given)
    except (DomainError, DomainErrors) as refused:
        raise _refused(refused, actor) from None
    told = {"documentId": global_id("PartnerDocument", made.id), "kind": made.kind, "number": made.number,
            "state": made.state}  # fmt: skip
    return Response(orjson.dumps(told), 201, media_type="application/json")


async def import_sku_map(request: Request) -> Response:
    """201 with what every row came to, 200 where nothing changed or `checkOnly` is given; 422 with the faulty rows."""
    actor = await _actor(request)
    refuse_unknown(request, ("entityId", "organizationId", "checkOnly", "replaces"))
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "Send the map as text/csv.")
    entity_id, organization_id = entity_of(request), _organization(request)
    check_only, replaces = _flag(request, "checkOnly"), _flag(request, "replaces")
    try:
        rows = sku_map.read(_text(await request.body()))
        async with request.app.state.database.session(SYSTEM) as session:
            planned = await sku_import.plan(session, actor, entity_id, organization_id, rows, replaces=replaces)
            faulty = planned.count(SkuMapChange.FAULTY)
            made = None if check_only or faulty else await sku_import.apply(session, actor, planned)
    except (DomainError, DomainErrors) as refused:
        raise _refused(refused, actor) from None
    told = {
        "importId": global_id("SkuMapImport", made.id) if made else None,
        "faulty": faulty,
        "rows": [_row(each, actor.language) for each in planned.rows],
    }
    status = 422 if faulty and not check_only else 201 if made else 200
    return Response(orjson.dumps(told), status, media_type="application/json")


def _row(each: Planned, language: str) -> dict[str, Any]:
    return {
        "line": each.row.line,
        "partnerSku": each.row.partner_sku,
        "sku": each.row.sku,
        "quantity": f"{each.row.quantity.normalize():f}",
        "change": each.change.value,
        "errors": [
            {"code": fault.code, "field": str(fault.field[-1]), "message": fault.message(language)}
            for fault in each.row.faults
        ],
    }


def _text(body: bytes) -> str:
    """UTF-8, or what spreadsheets in the Netherlands write else."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise RequestError(400, "BAD_INPUT", f"{name}: true or false.", field=[name])
    return given == "true"


async def sku_map_csv(request: Request) -> Response:
    """The article map of an organization that one may see; importSkuMap takes it as it is."""
    actor = await _actor(request)
    refuse_unknown(request, ("entityId", "organizationId"))
    entity_id, organization_id = entity_of(request), _organization(request)
    try:
        async with request.app.state.database.session(actor) as session:
            found = await tree.organization(session, organization_id, field=("organization_id",))
            if entity_id not in found.entity_ids:
                raise NotFound(field=("organization_id",))
            rows = await sku_import.exported(session, entity_id, organization_id)
    except (DomainError, DomainErrors) as refused:
        raise _refused(refused, actor) from None
    text = sku_map.written((harmless(number), sku, quantity) for number, sku, quantity in rows)
    name = f"sku-map-{found.partner_code or found.id}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, headers=headers, media_type=CSV)


async def _actor(request: Request) -> Actor:
    actor = await actor_of(request)
    may = actor.may(Permission.INTEGRATIONS_MANAGE) or actor.may(Permission.PARTNERS_MANAGE)
    people = actor.audience in (Audience.STAFF, Audience.PARTNER, Audience.SYSTEM)
    require(actor, may and people, "Staff and administrators of partners may do this.", send="a key or token")
    caller = actor.user_id or (actor.client and actor.client.id)
    await hold(request, f"onboarding:{caller}", PER_HOUR, 3600, f"At most {PER_HOUR} files an hour.")
    return actor


def _organization(request: Request) -> UUID:
    with ids_of_the_request():
        given = request.query_params.get("organizationId", "")
        return parse_id_of(frozenset({"Organization"}), given, "organizationId")


def _given(request: Request, content: bytes) -> Given:
    texts = {name: request.query_params.get(name, "") for name in _TEXTS}
    return Given(
        kind=texts["kind"],
        content=content,
        file_name=texts["fileName"],
        reference=texts["reference"],
        issuer=texts["issuer"],
        issued_on=_day(request, "issuedOn"),
        expires_on=_day(request, "expiresOn"),
        insured_cents=_cents(request),
    )


def _day(request: Request, name: str) -> date | None:
    if not (given := request.query_params.get(name)):
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise RequestError(400, "BAD_INPUT", f"{name}: a day, as in 2026-01-01.", field=[name]) from None


def _cents(request: Request) -> int | None:
    if not (given := request.query_params.get("insuredCents")):
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 15):
        raise RequestError(400, "BAD_INPUT", "insuredCents: whole euro cents.", field=["insuredCents"])
    return int(given)


def _refused(refused: DomainError | DomainErrors, actor: Actor) -> RequestError:
    first = refused.errors[0]
    known = {NotFound: 404, PermissionDenied: 403, Conflict: 409}
    status = next((status for kind, status in known.items() if isinstance(first, kind)), 422)
    words = "; ".join(error.message(actor.language) for error in refused.errors[:10])
    return RequestError(status, first.code, words, field=[camel(part) for part in first.field])


_MADE = {
    "type": "object",
    "required": ["documentId", "kind", "number", "state"],
    "properties": {
        "documentId": {"type": "string"},
        "kind": {"type": "string"},
        "number": {"type": "integer"},
        "state": {"type": "string"},
    },
}
_IMPORTED = {
    "type": "object",
    "required": ["importId", "faulty", "rows"],
    "properties": {
        "importId": {"type": ["string", "null"]},
        "faulty": {"type": "integer"},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["line", "partnerSku", "sku", "quantity", "change", "errors"],
                "properties": {
                    "line": {"type": "integer"},
                    "partnerSku": {"type": "string"},
                    "sku": {"type": ["string", "null"]},
                    "quantity": {"type": "string"},
                    "change": {"enum": [change.value for change in SkuMapChange]},
                    "errors": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
    },
}
_ENTITY = query("entityId", "The business entity: a global id.", required=True)
_ORGANIZATION = query("organizationId", "The partner: a global id.", required=True)
_KINDS = ", ".join(criteria.DocumentType)
ROUTES: list[Any] = [
    described(
        Route("/partner-documents", add_document, methods=["POST"]),
        summary="Hand in a version of a partner's document, as PDF.",
        tag="Partners",
        body=(Media(_PDF, {"type": "string", "format": "binary"}),),
        responses={201: _MADE},
        codes={
            400: ("BAD_ID", "BAD_INPUT"),
            403: (PermissionDenied,),
            404: (NotFound,),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
            422: (errors.NotAskedFor, errors.NotAPdf, errors.DocumentHasExpired, errors.InsuredTooLittle),
        },
        parameters=[
            _ENTITY,
            _ORGANIZATION,
            query("kind", f"What it is: {_KINDS}.", required=True),
            query("issuedOn", "Its date, as in 2026-01-01."),
            query("expiresOn", "Its last day."),
            query("insuredCents", "What is insured per claim, in euro cents."),
            query("reference", "Number of the policy or certificate."),
            query("issuer", "Who made it out."),
            query("fileName", "The name it is downloaded under."),
        ],
        words="For staff and administrators of partners. A version waits until staff have looked at it.",
    ),
    described(
        Route("/partner-sku-map", import_sku_map, methods=["POST"]),
        summary="Import a partner's article map from CSV.",
        tag="Partners",
        body=(Media("text/csv", {"type": "string"}),),
        responses={200: _IMPORTED, 201: _IMPORTED, 422: _IMPORTED},
        codes={
            400: ("BAD_ID", "BAD_INPUT"),
            403: (PermissionDenied,),
            404: (NotFound,),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
        },
        parameters=[
            _ENTITY,
            _ORGANIZATION,
            query("checkOnly", "true: say what every row comes to and change nothing."),
            query("replaces", "true: numbers that no row names stand for nothing any more."),
        ],
        words="Columns partner_sku, sku, quantity. All of it is done or nothing; 422 gives the rows with their errors, "
        "or a code where no row can be told from another.",
    ),
    described(
        Route("/partner-sku-map", sku_map_csv, methods=["GET"]),
        summary="A partner's article map as CSV.",
        tag="Partners",
        responses={200: (Media("text/csv", {"type": "string"}),)},
        codes={400: ("BAD_ID", "BAD_INPUT"), 404: (NotFound,)},
        parameters=[_ENTITY, _ORGANIZATION],
        words="importSkuMap takes it as it is.",
    ),
]
"""Bound in size by the server's limit for bodies (MAX_BODY_BYTES)."""
