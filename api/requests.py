"""From an HTTP request to what is asked, by whom, through which portal; what cannot be read is a RequestError."""

import re
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.requests import Request
from structlog.contextvars import bind_contextvars

from api.context import Context, RequestFacts
from domain.errors import language_of
from tenants.actor import Actor
from tenants.auth.errors import Unauthenticated
from tenants.auth.recognizing import recognize
from tenants.brands import BrandFacts, brand_of
from tenants.hostnames import hostname

JSON = "application/json"
RESPONSE_JSON = "application/graphql-response+json"
MULTIPART = "multipart/mixed"

_PARAMETERS = ("query", "operationName", "variables", "extensions", "documentId")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_LONGEST_AGENT = 400
_MEANS_JSON = frozenset({JSON, MULTIPART, "application/*", "*/*"})
_UTF8 = frozenset({"utf-8", "utf8"})


class RequestError(Exception):
    """A request that is refused before anything is executed."""

    def __init__(self, status: int, code: str, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.extensions: dict[str, Any] = {"code": code, **extensions}
        self.headers: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client wants executed."""

    query: str
    """Empty where only the hash of a trusted document was sent, see `api.trusting`."""
    name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None
    document_hash: str | None = None
    """SHA-256 of the document, 64 hexadecimal digits."""


# --- what ---------------------------------------------------------------------------------------------------------


async def read_operation(request: Request) -> Operation:
    """The operation of a GET's or HEAD's query string or a POST's JSON body. Raises: RequestError."""
    body = await request.body()
    if request.method != "POST":
        return operation_of(_from_query(request))
    _check_content(request.headers)
    return operation_of(_parsed(body, "The body"))


def operation_of(given: Any) -> Operation:
    """The operation in what a client sent as JSON, over whatever transport. Raises: RequestError."""
    if isinstance(given, list):
        raise RequestError(400, "NO_BATCHING", "Send one operation per request.")
    if not isinstance(given, dict):
        raise RequestError(400, "BAD_REQUEST", "The body has to be a JSON object.")
    query = _of_kind(given, "query", str, "a GraphQL document") or ""
    name = _of_kind(given, "operationName", str, "text")
    variables = _of_kind(given, "variables", dict, "an object")
    extensions = _of_kind(given, "extensions", dict, "an object")
    hash = _document_hash(given, extensions or {})
    if not query.strip() and hash is None:
        raise RequestError(400, "BAD_REQUEST", "`query` has to be a GraphQL document.")
    return Operation(query, name or None, variables, extensions, hash)


def negotiated(accept: str | None) -> str:
    """The media type to answer in. Raises: RequestError (406)."""
    best, chosen = 0.0, ""
    for part in (accept or "*/*").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        offered = RESPONSE_JSON if name == RESPONSE_JSON else JSON if name in _MEANS_JSON else ""
        if offered and _quality(parameters) > best:
            best, chosen = _quality(parameters), offered
    if not chosen:
        raise RequestError(406, "NOT_ACCEPTABLE", f"Accept {RESPONSE_JSON} or {JSON}.")
    return chosen


def takes_parts(accept: str | None) -> bool:
    """Whether the client takes an answer in parts, in the form that we send; older forms are named by a parameter."""
    if accept is None or MULTIPART not in accept:
        return False
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        others = [parameter for parameter in parameters if not parameter.startswith(("q=", "boundary="))]
        if name == MULTIPART and _quality(parameters) > 0 and not set(others) - {"incrementalspec=v0.2"}:
            return True
    return False


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return float(value) if re.fullmatch(r"[01](\.[0-9]{1,3})?", value.strip()) else 0.0
    return 1.0


def _check_content(headers: Headers) -> None:
    """JSON only: what a form of another site can send is none. Not compressed: its size is bounded as it comes."""
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise RequestError(415, "UNSUPPORTED_ENCODING", "Send the body without Content-Encoding.")
    name, *parameters = (piece.strip().lower() for piece in headers.get("content-type", "").split(";"))
    charsets = [value.strip('"') for key, _, value in (p.partition("=") for p in parameters) if key == "charset"]
    if name != JSON or not all(charset in _UTF8 for charset in charsets):
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send Content-Type: {JSON}, in UTF-8.")


def _from_query(request: Request) -> dict[str, Any]:
    asked = request.query_params
    for name in _PARAMETERS:
        if len(asked.getlist(name)) > 1:
            raise RequestError(400, "BAD_REQUEST", f"`{name}` is given more than once.")
    given: dict[str, Any] = {name: asked.get(name) for name in ("query", "operationName", "documentId")}
    for name in ("variables", "extensions"):
        text = asked.get(name)
        given[name] = _parsed(text.encode(), f"`{name}`") if text else None
    return given


def _parsed(body: bytes, what: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestError(400, "BAD_JSON", f"{what} is not valid JSON.") from None


def _document_hash(given: dict[str, Any], extensions: dict[str, Any]) -> str | None:
    """Of `documentId` (GraphQL over HTTP, appendix A) or `extensions.persistedQuery` (Apollo, urql)."""
    by_id = _of_kind(given, "documentId", str, "text")
    persisted = _of_kind(extensions, "persistedQuery", dict, "an object") or {}
    by_extension = _of_kind(persisted, "sha256Hash", str, "text")
    if by_id is None and by_extension is None:
        return None
    hash = by_extension if by_id is None else by_id.removeprefix("sha256:")
    if not _SHA256.fullmatch(hash) or by_extension not in (None, hash) or by_id == hash:
        raise RequestError(400, "BAD_DOCUMENT_ID", "`documentId` is sha256: and 64 hexadecimal digits in lower case.")
    return str(hash)


def _of_kind(given: dict[str, Any], name: str, kind: type, word: str) -> Any:
    value = given.get(name)
    if value is not None and not isinstance(value, kind):
        raise RequestError(400, "BAD_REQUEST", f"`{name}` has to be {word}.")
    return value


# --- by whom ------------------------------------------------------------------------------------------------------


async def context_of(request: Request) -> Context:
    """Who asks, through which portal. Raises: RequestError (401) for a credential that does not hold."""
    state = request.app.state
    facts = facts_of(request)
    actor = await actor_of(request)
    brand = await brand_of(state.database, facts.host)
    language = _language(request, actor, brand)
    context = Context(actor, state.database, state.settings, facts, state.redis, brand, language)
    context.incremental = takes_parts(request.headers.get("accept"))
    return context


async def actor_of(request: Request) -> Actor:
    """The actor of the Authorization header, else a visitor of the Host's portal. Raises: RequestError (401)."""
    state = request.app.state
    try:
        bearer = _bearer(request.headers.get("authorization"))
        actor = await recognize(state.database, state.settings, bearer=bearer, host=request.headers.get("host", ""))
    except Unauthenticated as error:
        refused = RequestError(401, "UNAUTHENTICATED", error.message, reason=error.code)
        refused.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        raise refused from None
    request.scope["actor"] = actor
    entities = [str(entity_id) for entity_id in actor.entity_ids]
    bind_contextvars(actor=str(actor.user_id or ""), role=actor.role.value, entities=entities)
    return actor


def facts_of(request: Request) -> RequestFacts:
    """The request in a form that outlives it. Raises: RequestError for an Idempotency-Key that cannot be one."""
    return RequestFacts(
        request_id=request.scope.get("request_id", ""),
        ip_address=request.client.host if request.client else "",
        user_agent=request.headers.get("user-agent", "")[:_LONGEST_AGENT],
        host=hostname(request.headers.get("host", "")),
        scheme=request.scope["scheme"],
        idempotency_key=idempotency_key_of(request.headers.get("idempotency-key")),
    )


def _bearer(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, credential = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise Unauthenticated("TOKEN_INVALID", "Send Authorization: Bearer, followed by an access token or API key.")
    return credential.strip()


def idempotency_key_of(header: str | None) -> str | None:
    if header is not None and not _KEY.fullmatch(header):
        message = "Idempotency-Key: 1 to 255 visible ASCII characters, best a new UUID per operation."
        raise RequestError(400, "BAD_IDEMPOTENCY_KEY", message)
    return header


def _language(request: Request, actor: Actor, brand: BrandFacts | None) -> str:
    if actor.signed_in:
        return language_of(actor.language)
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.split(";")[0].strip().lower()
        if tag[:2] in ("nl", "en"):
            return tag[:2]
    return language_of(brand.locale if brand else "nl")
