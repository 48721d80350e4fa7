"""What a client may read of an error: expected ones as they are, ours as an id that is also in the log."""

import re
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, GraphQLSyntaxError

from api.context import Context
from api.errors import camel
from api.limits import of_the_parser
from api.metrics import UNEXPECTED
from api.reading.errors import masked
from domain.errors import DomainError, DomainErrors, Unavailable
from tenants.auth.errors import AuthError
from tenants.rate import LimiterDown

OURS = frozenset({"INTERNAL", "TIMEOUT"})
"""Codes of errors that are masked."""
_LONGEST_MESSAGE = 1_000
_SUGGESTION = re.compile(r" Did you mean [^?]*\?$")
"""Names of the schema, which not everybody may read."""
_COERCION = (ValueError, TypeError, ArithmeticError)
_QUERY_CANCELED = "57014"

log = structlog.get_logger(__name__)


def presented(errors: list[GraphQLError], context: Context) -> list[dict[str, Any]]:
    """The `errors` of a response."""
    made = [_formatted(located, shown, context) for located in errors for shown in _shown(located, context)]
    UNEXPECTED.inc(sum(error["extensions"]["code"] in OURS for error in made))
    return made


def _shown(error: GraphQLError, context: Context) -> list[GraphQLError]:
    original = error.original_error
    match original:
        case None | GraphQLError():
            return [_coded(of_the_parser(error, context.settings))]
        case DomainError() | DomainErrors():
            return [_domain(refused, context.language) for refused in original.errors]
        case AuthError():
            return [GraphQLError(original.message, extensions={"code": original.code})]
        case LimiterDown():
            return [_domain(Unavailable(), context.language)]
        case RecursionError() if error.path is None:
            return [of_the_parser(error, context.settings)]
        case _ if isinstance(original, _COERCION) and error.path is None and error.nodes:
            return [_coded(error)]
    return [_masked(error, original)]


def _masked(error: GraphQLError, original: Exception) -> GraphQLError:
    error_id = uuid4().hex
    path = ".".join(map(str, error.path or ()))
    log.error("unexpected_error", error_id=error_id, path=path, exc_info=original)
    state = getattr(getattr(original, "orig", original), "sqlstate", None)
    return masked(error_id, "TIMEOUT" if state == _QUERY_CANCELED else "INTERNAL")


def _domain(refused: DomainError, language: str) -> GraphQLError:
    field = [camel(part) for part in refused.field]
    return GraphQLError(refused.message(language), extensions={"code": refused.code, "field": field})


def _coded(error: GraphQLError) -> GraphQLError:
    """The error with a code, where it is one of GraphQL itself."""
    if error.extensions and "code" in error.extensions:
        return error
    code = "GRAPHQL_PARSE_FAILED" if isinstance(error, GraphQLSyntaxError) else "GRAPHQL_VALIDATION_FAILED"
    return GraphQLError(error.message, extensions={**(error.extensions or {}), "code": code})


def _said(message: str, context: Context) -> str:
    """Messages repeat what was sent, which is bounded here, and may name what of the schema was perhaps meant."""
    message = message if context.may_introspect else _SUGGESTION.sub("", message)
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"


def _formatted(located: GraphQLError, shown: GraphQLError, context: Context) -> dict[str, Any]:
    """The message and extensions of one error at the place of the other."""
    formatted: dict[str, Any] = {"message": _said(shown.message, context)}
    if located.locations:
        formatted["locations"] = [location.formatted for location in located.locations]
    if located.path is not None:
        formatted["path"] = located.path
    formatted["extensions"] = shown.extensions
    return formatted
