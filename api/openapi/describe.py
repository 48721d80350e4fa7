"""What a route takes and answers, stated beside it: `ROUTES = [described(Route(…), summary=…, …)]`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel
from starlette.routing import Route

from api.openapi.deprecated import Deprecated
from domain.errors import DomainError

BEARER = ("bearer",)
"""An API key or access token."""
CLIENT = ("client",)
"""An application's id and secret, as HTTP Basic."""
SIGNED = ("bearer", "signature")
"""A key, and beside it our signature over timestamp and body where the partner's agreement asks for one."""
PUBLIC: tuple[str, ...] = ()

Shape = type[BaseModel] | Mapping[str, Any]
"""A pydantic model or a JSON Schema."""
Code = type[DomainError] | str
Errors = Literal["error", "errors"]

_ATTRIBUTE = "openapi_description"
_UNAUTHENTICATED, _FORBIDDEN, _OFTEN = "UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED"


@dataclass(frozen=True, slots=True)
class Media:
    """A body that is not (only) JSON of one model: its media type, and its schema where there is one."""

    type: str
    schema: Shape | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the path, the query or the header; `schema` is JSON Schema."""

    name: str
    place: Literal["path", "query", "header"]
    words: str
    required: bool = False
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    example: Any = None


@dataclass(frozen=True, slots=True)
class Description:
    """What the OpenAPI document says of a route. `why_unlisted`: why partners' programs have no use for it."""

    summary: str
    tag: str
    body: Shape | str | Media | tuple[Media, ...] | None
    responses: Mapping[int, Shape | str | Media | tuple[Media, ...]]
    codes: Mapping[int, tuple[str, ...]]
    examples: Mapping[str | int, Any]
    security: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    words: str = ""
    errors: Errors = "error"
    why_unlisted: str = ""
    methods: frozenset[str] = frozenset()
    deprecation: str = ""
    """As `api.versions.reason` words it."""


def described(
    route: Route,
    *,
    summary: str,
    tag: str,
    body: Shape | str | Media | tuple[Media, ...] | None = None,
    responses: Mapping[int, Shape | str | Media | tuple[Media, ...]],
    codes: Iterable[Code] | Mapping[int, Iterable[Any]] = (),
    examples: Mapping[str | int, Any] | None = None,
    security: tuple[str, ...] = BEARER,
    parameters: Iterable[Parameter] = (),
    words: str = "",
    errors: Errors = "error",
    methods: Iterable[str] = (),
    why_unlisted: str = "",
    deprecation: str = "",
) -> Route:
    """The route, with what the OpenAPI document says of it.

    `body`: a pydantic model or JSON Schema (then as application/json), a media type ("text/csv"), or `Media`.
    `responses`: by status; a model or JSON Schema, a media type, or words where there is no body ("Not changed.").
    What refuses needs no entry: 4xx answers follow from `codes`.
    `codes`: DomainErrors or codes of requests, by status ({409: [Taken]}); as a plain list they are 422.
    UNAUTHENTICATED, FORBIDDEN and RATE_LIMITED are added where `security` names a proof.
    `examples`: {"body": …, 201: …}. `errors`: whether a refusal is {"error": {…}} or {"errors": […], "request_id"}.
    `methods`: which methods of the route it is about, by default all of them. `why_unlisted`: the document that we
    serve leaves it out, because partners' programs have no use for it. `deprecation`: `api.versions.reason(…)`.
    """
    description = Description(
        summary=summary,
        tag=tag,
        body=body,
        responses=dict(responses),
        codes=_by_status(codes, security),
        examples=dict(examples or {}),
        security=tuple(security),
        parameters=tuple(parameters),
        words=words,
        errors=errors,
        methods=frozenset(methods),
        why_unlisted=why_unlisted,
        deprecation=deprecation,
    )
    setattr(route, _ATTRIBUTE, description)
    if deprecation:
        route.app = Deprecated(route.app, route.path, deprecation)
    return route


def unlisted(route: Route, why: str, *, summary: str = "") -> Route:
    """A route of which nothing needs to be said but `why` no program of anybody else asks for it."""
    empty = Description(summary, "", None, {}, {}, {}, PUBLIC, (), why_unlisted=why)
    setattr(route, _ATTRIBUTE, empty)
    return route


def description_of(route: object) -> Description | None:
    """What `described` or `unlisted` said of a route."""
    return getattr(route, _ATTRIBUTE, None)


def path(name: str, words: str, *, schema: Mapping[str, Any] | None = None, example: Any = None) -> Parameter:
    """A part of the path."""
    return Parameter(name, "path", words, True, schema or {"type": "string"}, example)


def query(
    name: str, words: str, *, required: bool = False, schema: Mapping[str, Any] | None = None, example: Any = None
) -> Parameter:
    """`?name=`."""
    return Parameter(name, "query", words, required, schema or {"type": "string"}, example)


def header(
    name: str, words: str, *, required: bool = False, schema: Mapping[str, Any] | None = None, example: Any = None
) -> Parameter:
    """A header of the request."""
    return Parameter(name, "header", words, required, schema or {"type": "string"}, example)


def _by_status(
    codes: Iterable[Code] | Mapping[int, Iterable[Any]], security: tuple[str, ...]
) -> dict[int, tuple[str, ...]]:
    given = codes if isinstance(codes, Mapping) else {422: codes}
    found = {status: tuple(_code(each) for each in some) for status, some in given.items()}
    if security:
        for status, code in ((401, _UNAUTHENTICATED), (403, _FORBIDDEN), (429, _OFTEN)):
            found[status] = tuple(dict.fromkeys((code, *found.get(status, ()))))
    return {status: some for status, some in sorted(found.items()) if some}


def _code(given: Code) -> str:
    return given if isinstance(given, str) else given.code
