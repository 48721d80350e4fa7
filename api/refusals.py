"""Refusals of endpoints for partners' programs: every fault at once, each with its code and JSON path.

{"errors": [{"code": "INVALID_EMAIL", "field": "$.customer.email", "message": "…"}], "request_id": "…"}
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.requests import RequestError
from domain.agreements.enforcing import TermsLimitReached
from domain.errors import (
    Conflict,
    DomainError,
    DomainErrors,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unavailable,
    language_of,
)
from domain.partner_orders.document import InvalidJson, OrderTooLarge, json_path
from domain.partner_orders.errors import IntegrationNotLive, NotAnOrderingPartner, SignatureFault

Endpoint = Callable[[Request], Awaitable[Response]]
_STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (SignatureFault, 401),
    (PermissionDenied, 403),
    (IntegrationNotLive, 403),
    (NotAnOrderingPartner, 403),
    (NotFound, 404),
    (Conflict, 409),
    (RateLimited, 429),
    (TermsLimitReached, 429),
    (OrderTooLarge, 413),
    (InvalidJson, 400),
    (Unavailable, 503),
)


def refusing_in_full(endpoint: Endpoint) -> Endpoint:
    """What the endpoint raises, as an answer of this form. Its limits are told by `told_headers`."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            answer = await endpoint(request)
        except RequestError as error:
            answer = _of_request(request, error)
        except (DomainError, DomainErrors) as error:
            answer = refusal(request, error)
        answer.headers.update(_headers(request))
        return answer

    return answered


def refusal(request: Request, error: DomainError | DomainErrors) -> Response:
    """Faults of the domain; the status is that of the first."""
    language = request.scope.get("state", {}).get("language") or "en"
    faults = [
        {"code": each.code, "field": json_path(each.field), "message": each.message(language)} for each in error.errors
    ]
    return _answer(request, status_of(error), faults)


def status_of(error: DomainError | DomainErrors) -> int:
    """Of HTTP."""
    first = error.errors[0]
    return next((status for kind, status in _STATUS if isinstance(first, kind)), 422)


def tell_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Send these headers with whatever is answered."""
    _headers(request).update(headers)


def tell_language(request: Request, tag: str) -> None:
    """Word refusals in this language."""
    request.scope.setdefault("state", {})["language"] = language_of(tag)


def _headers(request: Request) -> dict[str, str]:
    state: dict[str, Any] = request.scope.setdefault("state", {})
    kept: dict[str, str] = state.setdefault("told_headers", {})
    return kept


def _of_request(request: Request, error: RequestError) -> Response:
    extensions = dict(error.extensions)
    field = extensions.get("field")
    path = json_path(tuple(field)) if isinstance(field, list) else f"$.{field}" if field else "$"
    answer = _answer(request, error.status, [{"code": extensions["code"], "field": path, "message": error.message}])
    answer.headers.update(error.headers)
    return answer


def _answer(request: Request, status: int, faults: list[dict[str, Any]]) -> Response:
    body = {"errors": faults, "request_id": request.scope.get("request_id", "")}
    return Response(orjson.dumps(body), status, media_type="application/json")
