"""What the OpenAPI document says of the GraphQL endpoint; its schema describes itself."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.routing import Route

from api.openapi.describe import BEARER, Media, described, header
from api.openapi.shapes import JSON

RESPONSE_JSON = "application/graphql-response+json"
_STREAM = "text/event-stream"
_EVENT = {
    "type": "object",
    "description": "Of each event.",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}, "id": {"type": "string"}},
}
_KEY = header("Idempotency-Key", "Makes a retry of a mutation the same mutation; some require it.")
_EXAMPLE = {"query": "query Mine($n: Int) { orders(first: $n) { nodes { number stage } } }", "variables": {"n": 10}}


class Operation(BaseModel):
    """One operation."""

    query: str | None = Field(None, description="A GraphQL document.")
    operationName: str | None = Field(None, description="Which of its operations.")  # as GraphQL spells it
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    documentId: str | None = Field(None, description="`sha256:` and the hash of a trusted document.")


class GraphQLError(BaseModel):
    """One error; `extensions.code` is stable."""

    model_config = ConfigDict(extra="allow")

    message: str
    extensions: dict[str, Any] | None = None


class Result(BaseModel):
    """What an operation came to."""

    data: dict[str, Any] | None = None
    errors: list[GraphQLError] | None = None
    extensions: dict[str, Any] | None = None


class Ticket(BaseModel):
    """A ticket for an EventSource, which can send no header."""

    model_config = ConfigDict(extra="allow")


_ANSWER = (Media(JSON, Result), Media(RESPONSE_JSON, Result))
_REFUSED: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 406, 413, 415, 429), _ANSWER)


def asked_for_data(route: Route) -> Route:
    """POST /graphql."""
    return described(
        route,
        summary="Everything else: queries and mutations.",
        tag="GraphQL",
        methods=["POST"],
        body=Operation,
        responses={200: _ANSWER, **_REFUSED},
        security=BEARER,
        parameters=[_KEY],
        examples={"body": _EXAMPLE},
        words="Reference: /developers/graphql. Refusals have the form of GraphQL's `errors`.",
    )


def streamed(route: Route) -> Route:
    """POST /graphql/stream."""
    return described(
        route,
        summary="Subscriptions as server-sent events.",
        tag="GraphQL",
        methods=["POST"],
        body=Operation,
        responses={200: Media(_STREAM, _EVENT), **_REFUSED},
        parameters=[header("Last-Event-ID", "Where to go on.")],
        examples={"body": {"query": "subscription { orderUpdated { order { number stage } } }"}},
    )


def ticketed(route: Route) -> Route:
    """POST /graphql/stream/ticket."""
    return described(
        route,
        summary="A ticket with which an EventSource may open one stream.",
        tag="GraphQL",
        body=Operation,
        responses={200: Ticket, **_REFUSED},
    )
