"""The OpenAPI 3.1 document: made of what routes say of themselves, their pydantic models and the errors' messages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.routing import BaseRoute, Route

from api.openapi.describe import Description, Media, Shape, description_of
from api.openapi.shapes import Error, Errors
from api.openapi.tags import TAGS
from api.openapi.words import example_of, words_of

JSON = "application/json"
_REF = "#/components/schemas/{model}"
_PLACE = re.compile(r"{(?P<name>\w+)(?::(?P<kind>\w+))?}")
_MEDIA = re.compile(r"[a-z]+/[\w.+*-]+(;.*)?")
_CONVERTED: dict[str, dict[str, Any]] = {
    "str": {"type": "string", "minLength": 1, "pattern": "^[^/]+$"},
    "uuid": {"type": "string", "format": "uuid"},
    "int": {"type": "integer", "minimum": 0},
}
_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_SECURITY: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`cck_…`) or an access token of `/oauth/token` or `/auth/login`.",
    },
    "client": {
        "type": "http",
        "scheme": "basic",
        "description": "An application's id and secret (RFC 6749 §2.3.1).",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "chargecars-signature",
        "description": "`v1=` and HMAC-SHA256 in hexadecimal digits over `chargecars-timestamp`, a full stop and the "
        "raw body, with the signing secret; where the partner's settings require it. Five minutes.",
    },
}


@dataclass(frozen=True, slots=True)
class _Operation:
    path: str
    method: str
    route: Route
    said: Description


def document(routes: Iterable[BaseRoute], *, version: str, server: str = "/", unlisted: bool = False) -> dict[str, Any]:
    """OpenAPI 3.1 of described routes; with `unlisted` also of those that are of no use to partners' programs."""
    operations = list(_operations(routes, unlisted))
    schemas = _Schemas(operations)
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _said(operation, schemas)
    used = {operation.said.tag for operation in operations}
    return {
        "openapi": "3.1.0",
        "info": _info(version),
        "servers": [{"url": server, "description": "The host of a brand's portal."}],
        "tags": [{"name": name, "description": words} for name, words in TAGS.items() if name in used],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas.all, "securitySchemes": _SECURITY},
    }


def _info(version: str) -> dict[str, Any]:
    return {
        "title": "ChargeCars",
        "version": version,
        "summary": "The HTTP endpoints beside GraphQL.",
        "description": "Guide: /developers/guide. Errors: /developers/errors. GraphQL: /developers/graphql.",
    }


def _operations(routes: Iterable[BaseRoute], unlisted: bool) -> Iterator[_Operation]:
    for route in routes:
        said = description_of(route)
        if not isinstance(route, Route) or said is None or not said.responses or (said.why_unlisted and not unlisted):
            continue
        methods = said.methods or route.methods or set()
        for method in (verb for verb in _VERBS if verb in methods):
            yield _Operation(_PLACE.sub(r"{\g<name>}", route.path), method, route, said)


def _name(operation: _Operation) -> str:
    """operationId, of method and path alone: it stays the same whatever is added beside."""
    words = re.findall(r"[A-Za-z0-9]+", operation.path.replace("_", " "))
    return operation.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def _said(operation: _Operation, schemas: "_Schemas") -> dict[str, Any]:
    said = operation.said
    made: dict[str, Any] = {"operationId": _name(operation), "summary": said.summary, "tags": [said.tag]}
    description = " ".join(filter(None, (said.words, said.deprecation)))
    if description:
        made["description"] = description
    if parameters := _parameters(operation):
        made["parameters"] = parameters
    if said.body is not None and operation.method not in ("GET", "DELETE"):
        content = schemas.content(said.body, "validation", said.examples.get("body"))
        made["requestBody"] = {"required": True, "content": content}
    made["responses"] = _responses(said, schemas)
    made["security"] = [{scheme: [] for scheme in said.security}] if said.security else []
    if "signature" in said.security:
        made["security"].append({scheme: [] for scheme in said.security if scheme != "signature"})
    return made | ({"deprecated": True} if said.deprecation else {})


def _parameters(operation: _Operation) -> list[dict[str, Any]]:
    given = {(each.place, each.name): each for each in operation.said.parameters}
    made = []
    for found in _PLACE.finditer(operation.route.path):
        known = given.pop(("path", found["name"]), None)
        schema = _CONVERTED.get(found["kind"] or "str", {"type": "string", "minLength": 1})
        words = known.words if known else found["name"].replace("_", " ")
        part = {"name": found["name"], "in": "path", "required": True, "description": words}
        part["schema"] = schema if known is None or known.schema == {"type": "string"} else dict(known.schema)
        made.append(part | ({"example": known.example} if known and known.example is not None else {}))
    for each in given.values():
        part = {"name": each.name, "in": each.place, "required": each.required, "description": each.words}
        part["schema"] = dict(each.schema)
        made.append(part | ({"example": each.example} if each.example is not None else {}))
    return made


def _responses(said: Description, schemas: "_Schemas") -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status, shape in sorted(said.responses.items()):
        if isinstance(shape, str) and not _MEDIA.fullmatch(shape):
            made[str(status)] = {"description": shape}
            continue
        content = schemas.content(shape, "serialization", said.examples.get(status))
        made[str(status)] = {"description": _phrase(status), "content": content}
    for status, codes in said.codes.items():
        refusal = _refusal(said, status, codes)
        if str(status) in made:
            refusal["content"] = refusal["content"] | made[str(status)].get("content", {})
        made[str(status)] = refusal
    if not any(status in made for status in ("default", "4XX")):
        made["default"] = _refusal(said, 0, ())
    return made


def _refusal(said: Description, status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    lines = "\n".join(f"- `{code}`: {words_of(code, 'en')}" for code in codes)
    schema = {"$ref": _REF.format(model="Errors" if said.errors == "errors" else "Error")}
    media: dict[str, Any] = {"schema": schema}
    if codes:
        media["examples"] = {code: {"value": example_of(code, said.errors)} for code in codes}
    described = f"{_phrase(status)}\n\n{lines}" if codes else "Refused."
    return {"description": described, "content": {JSON: media}} | ({"x-error-codes": list(codes)} if codes else {})


def _phrase(status: int) -> str:
    return f"{HTTPStatus(status).phrase}."


class _Schemas:
    """The schemas of every model that operations name."""

    def __init__(self, operations: list[_Operation]) -> None:
        wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
            (Error, "serialization"): None,
            (Errors, "serialization"): None,
        }
        for operation in operations:
            said = operation.said
            wanted.update(dict.fromkeys((model, "validation") for model in _models(said.body)))
            for shape in said.responses.values():
                wanted.update(dict.fromkeys((model, "serialization") for model in _models(shape)))
        refs, made = models_json_schema(list(wanted), ref_template=_REF)
        self._refs = refs
        self.all: dict[str, Any] = dict(sorted(made.get("$defs", {}).items()))

    def content(self, given: Any, mode: JsonSchemaMode, example: Any) -> dict[str, Any]:
        """The `content` of a body: one media type or several."""
        medias = given if isinstance(given, tuple) else (given,)
        made = {}
        for media in map(_media, medias):
            part: dict[str, Any] = {}
            if media.schema is not None:
                part["schema"] = self._schema(media.schema, mode)
            if example is not None and (media.type == JSON or len(medias) == 1):
                part["example"] = example
            made[media.type] = part
        return made

    def _schema(self, shape: Shape, mode: JsonSchemaMode) -> Mapping[str, Any]:
        return self._refs[shape, mode] if isinstance(shape, type) else shape


def _models(given: Any) -> Iterator[type[BaseModel]]:
    for media in given if isinstance(given, tuple) else (given,):
        shape = media.schema if isinstance(media, Media) else media
        if isinstance(shape, type):
            yield shape


def _media(given: Any) -> Media:
    if isinstance(given, Media):
        return given
    return Media(given, {"type": "string"}) if isinstance(given, str) else Media(JSON, given)
