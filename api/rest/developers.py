"""For developers of partners: the OpenAPI document, references, the guide, what changed."""

import asyncio
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from api.developers import changes, errors, graphql_reference, guide, openapi_page
from api.developers.pages import digest, page, served
from api.guards import require
from api.openapi import PUBLIC, described, path, unlisted
from api.openapi.document import document
from api.openapi.shapes import HTML, JSON
from api.operations import VERSION
from api.requests import actor_of
from domain.errors import language_of
from tenants.permissions import Permission

_CACHED = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
_FILE = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_OVERVIEW = {
    "nl": """<p>Bestellingen komen binnen via <code>POST /partners/{partner_id}/orders</code>, mail, formulier of
uw eigen webhook; wij vertellen verder met webhooks.</p>
<ul><li><a href="/developers/guide">Handleiding</a> (Engels)</li><li><a href="/developers/openapi">HTTP-endpoints</a>,
<a href="/openapi.json">OpenAPI 3.1</a></li><li><a href="/developers/graphql">GraphQL</a></li>
<li><a href="/developers/errors">Foutcodes</a></li><li><a href="/developers/changes">Wijzigingen</a></li></ul>""",
    "en": """<p>Orders come in by <code>POST /partners/{partner_id}/orders</code>, mail, form or your own webhook; we
tell you what becomes of them by webhooks.</p>
<ul><li><a href="/developers/guide">Guide</a></li><li><a href="/developers/openapi">HTTP endpoints</a>,
<a href="/openapi.json">OpenAPI 3.1</a></li><li><a href="/developers/graphql">GraphQL</a></li>
<li><a href="/developers/errors">Errors</a></li><li><a href="/developers/changes">Changes</a></li></ul>""",
}
_TITLES = {
    "overview": {"nl": "Voor ontwikkelaars", "en": "For developers"},
    "errors": {"nl": "Foutcodes", "en": "Errors"},
    "changes": {"nl": "Wijzigingen", "en": "Changes"},
}


async def openapi(request: Request) -> Response:
    """The OpenAPI document."""
    return _json(_document(request))


async def overview(request: Request) -> Response:
    """Where everything is."""
    language = _language(request)
    return page("/developers", _TITLES["overview"][language], _OVERVIEW[language], language=language)


async def openapi_html(request: Request) -> Response:
    """The same document for people."""
    state = request.app.state
    if not hasattr(state, "openapi_page"):
        state.openapi_page = openapi_page.as_html(_document(request))
    return page("/developers/openapi", "HTTP endpoints", state.openapi_page)


async def error_codes(request: Request) -> Response:
    """Every error code."""
    return _json(errors.as_json(await _codes(request)))


async def error_page(request: Request) -> Response:
    """The same for people."""
    language = _language(request)
    body = errors.as_html(await _codes(request), language)
    return page("/developers/errors", _TITLES["errors"][language], body, language=language)


async def guide_page(_request: Request) -> Response:
    """How to connect a system."""
    title, body = guide.title_and_html()
    return page("/developers/guide", title, body)


async def changes_json(_request: Request) -> Response:
    """What changed from release to release."""
    return _json(changes.as_json())


async def changes_page(request: Request) -> Response:
    """The same for people."""
    language = _language(request)
    return page("/developers/changes", _TITLES["changes"][language], changes.as_html(language), language=language)


async def graphql_page(_request: Request) -> Response:
    """The frame of the reference: what it shows is asked for with the reader's key."""
    return page("/developers/graphql", "GraphQL", graphql_reference.SHELL, script="reference.js")


async def graphql_types(request: Request) -> Response:
    """Every type of the GraphQL schema."""
    await _may_read_schema(request)
    return _piece(graphql_reference.index(_schema(request)))


async def graphql_type(request: Request) -> Response:
    """One type of the GraphQL schema."""
    await _may_read_schema(request)
    found = graphql_reference.of_type(_schema(request), request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return _piece(found)


async def file(request: Request) -> Response:
    """A file that the pages consist of."""
    found = served().get(request.path_params["name"])
    if found is None or request.path_params["digest"] != digest():
        raise HTTPException(404)
    return FileResponse(found[0], media_type=found[1], headers=_FILE)


async def _may_read_schema(request: Request) -> None:
    actor = await actor_of(request)
    require(
        actor, actor.may(Permission.SCHEMA_READ), "The key needs the scope schema:read.", send="an API key or token"
    )


def _document(request: Request) -> dict[str, Any]:
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = document(request.app.routes, version=VERSION)
    found: dict[str, Any] = state.openapi
    return found


async def _codes(request: Request) -> list[errors.ErrorCode]:
    """Read from the source once, in a thread: it takes a second."""
    state = request.app.state
    if not hasattr(state, "error_codes"):
        state.error_codes = await asyncio.to_thread(errors.reference, list(request.app.routes))
    found: list[errors.ErrorCode] = state.error_codes
    return found


def _schema(request: Request) -> Any:
    return request.app.state.schema._schema


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type=JSON, headers=_CACHED)


def _piece(html: str) -> Response:
    headers = {"Cache-Control": "private, no-store", "Vary": "Authorization", "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(html, headers=headers | {"Content-Security-Policy": "default-src 'none'; sandbox"})


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language", "nl").partition(",")[0].strip() or "nl")


_SAID: dict[str, Any] = {"tag": "Developers", "security": PUBLIC}
_PERSONS = "A page for persons."
ROUTES = [
    described(
        Route("/openapi.json", openapi, methods=["GET"]),
        summary="This document.",
        responses={200: {"type": "object"}},
        **_SAID,
    ),
    described(
        Route("/developers/errors.json", error_codes, methods=["GET"]),
        summary="Every error code: what it means, its status, where it occurs.",
        responses={200: {"type": "object"}},
        **_SAID,
    ),
    described(
        Route("/developers/changes.json", changes_json, methods=["GET"]),
        summary="What changed from release to release.",
        responses={200: {"type": "array", "items": {"type": "object"}}},
        **_SAID,
    ),
    described(
        Route("/developers/graphql/types", graphql_types, methods=["GET"]),
        summary="Every type of the GraphQL schema, as a piece of HTML.",
        tag="Developers",
        responses={200: HTML},
    ),
    described(
        Route("/developers/graphql/types/{name}", graphql_type, methods=["GET"]),
        summary="One type of the GraphQL schema, as a piece of HTML.",
        tag="Developers",
        responses={200: HTML, 404: "No such type."},
        parameters=[path("name", "Its name.", example="Query")],
    ),
    unlisted(Route("/developers", overview, methods=["GET"]), _PERSONS),
    unlisted(Route("/developers/guide", guide_page, methods=["GET"]), _PERSONS),
    unlisted(Route("/developers/openapi", openapi_html, methods=["GET"]), _PERSONS),
    unlisted(Route("/developers/errors", error_page, methods=["GET"]), _PERSONS),
    unlisted(Route("/developers/changes", changes_page, methods=["GET"]), _PERSONS),
    unlisted(Route("/developers/graphql", graphql_page, methods=["GET"]), _PERSONS),
    unlisted(Route("/developers/files/{digest}/{name}", file, methods=["GET"]), "What those pages consist of."),
]
