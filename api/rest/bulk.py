"""The files of exports and imports: parts in, results out, read while they are sent."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from api.guards import hold, require
from api.openapi import Media, described, path
from api.openapi.shapes import JSONL
from api.requests import RequestError, actor_of
from domain.bulk import errors, files, operations
from domain.bulk.models import PieceRole
from domain.errors import Conflict, DomainError, DomainErrors, InvalidState, NotFound, PermissionDenied
from tenants.actor import SYSTEM, Actor
from tenants.permissions import Permission

PER_HOUR = 120
"""Downloads of one caller."""
_PARTS_PER_MINUTE = 600
_TYPES = frozenset({"application/jsonl", "application/x-ndjson", "application/jsonlines", "text/plain"})
_FILES = {"result": PieceRole.RESULT, "errors": PieceRole.ERRORS, "undone": PieceRole.UNDO_RESULT}


async def add_part(request: Request) -> Response:
    """A part of the file of an import, in any order; the same part again changes nothing."""
    actor = await _caller(request, "bulk-parts", _PARTS_PER_MINUTE, 60)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _TYPES:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send the part as {JSONL}.")
    id, number = request.path_params["id"], request.path_params["number"]
    content = await request.body()
    if not content:
        raise RequestError(400, "BAD_REQUEST", "The part is empty.")
    try:
        async with request.app.state.database.session(SYSTEM) as session:
            await operations.add_part(session, actor, id, number, content)
    except (DomainError, DomainErrors) as refused:
        raise _refused(refused, actor) from None
    return JSONResponse({"number": number, "bytes": len(content)}, 201)


async def download(request: Request) -> Response:
    """A file; packed for clients that take gzip."""
    role = _FILES.get(request.path_params["file"])
    if role is None:
        raise RequestError(404, "NOT_FOUND", f"There are {', '.join(_FILES)}.")
    actor = await _caller(request, "bulk-files", PER_HOUR, 3600)
    database, id = request.app.state.database, request.path_params["id"]
    try:
        async with database.session(SYSTEM) as session:
            operation = await operations.downloaded(session, actor, id, role)
    except (DomainError, DomainErrors) as refused:
        raise _refused(refused, actor) from None
    name = f"{operation.subject.lower().replace('_', '-')}-{request.path_params['file']}.jsonl"
    return _sent(request, database, id, role, name)


def _sent(request: Request, database: Any, id: UUID, role: PieceRole, name: str) -> Response:
    packed = "gzip" in request.headers.get("accept-encoding", "").lower()
    body: AsyncIterator[bytes] = (files.packed if packed else files.unpacked)(database, id, role)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Vary": "Accept-Encoding",
    }
    return StreamingResponse(body, headers=headers | ({"Content-Encoding": "gzip"} if packed else {}), media_type=JSONL)


async def _caller(request: Request, what: str, most: int, seconds: int) -> Actor:
    actor = await actor_of(request)
    require(actor, actor.may(Permission.BULK_RUN), "The key needs the scope bulk:run.", send="an API key or token")
    await hold(request, f"{what}:{actor.user_id or (actor.client and actor.client.id)}", most, seconds)
    return actor


def _refused(error: DomainError | DomainErrors, actor: Actor) -> RequestError:
    first = error.errors[0]
    field = ".".join(map(str, first.field))
    return RequestError(_status(first), first.code, first.message(actor.language), field=field)


def _status(error: DomainError) -> int:
    if isinstance(error, errors.FilesGone):
        return 410
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, PermissionDenied):
        return 403
    return 409 if isinstance(error, Conflict | InvalidState) else 422


class PartAnswer(BaseModel):
    """A part that was taken."""

    number: int
    bytes: int = Field(description="Its size.")


_ID = path("id", "The export or import: the UUID in `partsPath` and `resultPath`.")
ROUTES = [
    described(
        Route("/bulk/{id:uuid}/parts/{number:int}", add_part, methods=["POST"]),
        summary="A part of the file of an import.",
        tag="Bulk",
        body=Media(JSONL, {"type": "string"}),
        responses={201: PartAnswer},
        codes={
            400: ("BAD_REQUEST",),
            403: (PermissionDenied,),
            404: (NotFound,),
            409: (InvalidState, errors.PartDiffers),
            413: ("BODY_TOO_LARGE",),
            415: ("UNSUPPORTED_MEDIA_TYPE",),
            422: (errors.FileTooLarge,),
        },
        parameters=[_ID, path("number", "Which part, from 0.", schema={"type": "integer", "minimum": 0})],
        examples={
            "body": '{"partner_sku": "GRO-ALFEN-11", "sku": "ALF-EVE-S-11KW"}\n',
            201: {"number": 0, "bytes": 57},
        },
        words="bulkImport gives the path; startBulkImport begins. A part may end anywhere, parts come in any order.",
    ),
    described(
        Route("/bulk/{id:uuid}/{file}", download, methods=["GET"]),
        summary="A file of an export or import.",
        tag="Bulk",
        responses={200: Media(JSONL, {"type": "string"})},
        codes={403: (PermissionDenied,), 404: (NotFound,), 410: (errors.FilesGone,)},
        parameters=[_ID, path("file", "Which.", schema={"enum": list(_FILES)})],
        words="JSON lines, gzip where it is taken. Files are kept for seven days.",
    ),
]
