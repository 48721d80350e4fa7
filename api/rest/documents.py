"""Downloading a document: whoever has a signed link, until its time has passed."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.guards import hold_address
from api.openapi import PUBLIC, Media, described, header, query
from api.requests import RequestError
from domain.documents import storing
from domain.documents.linking import PATH, LinkState, state_of
from domain.documents.models import Document
from tenants.actor import SYSTEM

PER_MINUTE = 240
"""Downloads of one address."""
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


async def download(request: Request) -> Response:
    """`?expires=…&signature=…`: the file, to be saved; 304 where the client has it."""
    await hold_address(request, "documents", PER_MINUTE)
    document_id: UUID = request.path_params["id"]
    _check(request, document_id)
    async with request.app.state.database.session(SYSTEM) as session:
        found = await storing.with_content(session, [document_id])
    if not found:
        raise RequestError(404, "NOT_FOUND", "There is no such document.")
    return _answer(request, found[0])


def _check(request: Request, document_id: UUID) -> None:
    given = request.query_params
    settings = request.app.state.settings
    match state_of(settings, document_id, given.get("expires", ""), given.get("signature", "")):
        case LinkState.WRONG:
            raise RequestError(403, "LINK_INVALID", "The link is not one of ours, or was changed.")
        case LinkState.EXPIRED:
            raise RequestError(410, "LINK_EXPIRED", "The time of the link has passed; ask for a new one.")


def _answer(request: Request, document: Document) -> Response:
    tag = f'"{document.sha256}"'
    headers = {**_HEADERS, "ETag": tag, "Content-Disposition": f'attachment; filename="{document.file_name}"'}
    asked = request.headers.get("if-none-match", "")
    if tag in (part.strip().removeprefix("W/") for part in asked.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(document.content, media_type=document.media_type, headers=headers)


ROUTES = [
    described(
        Route(f"{PATH}{{id:uuid}}", download, methods=["GET"]),
        summary="A document, for whoever has a signed link.",
        tag="Documents",
        security=PUBLIC,
        responses={200: Media("*/*", {}), 304: "The client has it."},
        codes={403: ("LINK_INVALID",), 404: ("NOT_FOUND",), 410: ("LINK_EXPIRED",), 429: ("RATE_LIMITED",)},
        parameters=[
            query("expires", "When the link ends, seconds since 1970."),
            query("signature", "Ours."),
            header("If-None-Match", "The ETag that the client has."),
        ],
        words="Links come from GraphQL: `documents { url }`.",
    )
]
