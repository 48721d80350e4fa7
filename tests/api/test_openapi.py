"""The OpenAPI document says what every endpoint takes and answers, and is true of itself."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import api
from api.app import create_app
from api.openapi import described, description_of
from api.openapi.document import document
from api.openapi.request_codes import REQUEST_CODES
from api.openapi.words import words_of
from api.requests import actor_of
from api.versions import counts_of, reason
from domain.deprecations.models import DeprecatedUse
from domain.errors import registry
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.asking import SCHEMA
from tests.connecting import key_of

HERE = Path(api.__path__[0])


@pytest.fixture(scope="module")
def app(settings: Settings) -> Starlette:
    return create_app(settings, SCHEMA)


@pytest.fixture(scope="module")
def whole(app: Starlette) -> dict[str, Any]:
    return document(app.routes, version="1", unlisted=True)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.example") as made:
        yield made


def operations(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, verbs in whole["paths"].items():
        for verb, said in verbs.items():
            yield f"{verb.upper()} {path}", said


def test_every_route_says_what_it_takes_or_why_nobody_is_told(app: Starlette) -> None:
    silent = [route.path for route in app.routes if isinstance(route, Route) and description_of(route) is None]
    assert silent == []


def test_what_partners_have_no_use_for_is_left_out(app: Starlette, whole: dict[str, Any]) -> None:
    served = document(app.routes, version="1")
    assert "/healthz" in whole["paths"]
    assert "/healthz" not in served["paths"]
    assert "/partners/{partner_id}/orders" in served["paths"]


def test_every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own(whole: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in whole["components"]["schemas"]}
    assert set(re.findall(r"'\$ref': '([^']+)'", str(whole))) <= known
    names = [said["operationId"] for _, said in operations(whole)]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in whole["tags"]}
    assert {tag for _, said in operations(whole) for tag in said["tags"]} == tags


def test_every_operation_names_its_parameters_and_codes_that_are_known(whole: dict[str, Any]) -> None:
    for name, said in operations(whole):
        within = {each["name"] for each in said.get("parameters", []) if each["in"] == "path"}
        assert within == set(re.findall(r"{(\w+)}", name)), name
        codes = [code for answer in said["responses"].values() for code in answer.get("x-error-codes", [])]
        unknown = [code for code in codes if not words_of(code, "en") or not words_of(code, "nl")]
        assert unknown == [], name


def test_the_examples_fit_their_schemas(whole: dict[str, Any]) -> None:
    parts = {"components": whole["components"]}
    checked = 0
    for name, said in operations(whole):
        for answer in [said.get("requestBody", {}), *said["responses"].values()]:
            for media, content in answer.get("content", {}).items():
                shown = [content["example"]] if "example" in content else []
                shown += [each["value"] for each in content.get("examples", {}).values()]
                for example in shown:
                    faults = list(Draft202012Validator({**content["schema"], **parts}).iter_errors(example))
                    assert faults == [], (name, media)
                    checked += 1
    assert checked > 100


def test_codes_of_requests_are_known_wherever_they_are_raised() -> None:
    """What is refused before the domain is asked: literal codes in the source of this layer."""
    raised: dict[str, str] = {}
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call):
                raised |= dict.fromkeys(_codes(node), path.name)
    stated = registry()
    assert {code: place for code, place in raised.items() if code not in REQUEST_CODES and code not in stated} == {}
    assert len(raised) > 30


def _codes(call: ast.Call) -> list[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    place = {"RequestError": 1, "BadInput": 0, "Unauthenticated": 0, "BadRequest": 0}.get(name)
    if place is None or len(call.args) <= place:
        return []
    given = call.args[place]
    return [given.value] if isinstance(given, ast.Constant) and isinstance(given.value, str) else []


async def test_it_is_served_for_programs_and_people_without_foreign_hosts(client: httpx.AsyncClient) -> None:
    served = (await client.get("/openapi.json")).json()
    assert served["openapi"] == "3.1.0"
    for path in ("", "/openapi", "/errors", "/guide", "/changes", "/graphql"):
        page = await client.get(f"/developers{path}", headers={"Accept-Language": "nl"})
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert re.findall(r'<(?:script|link|img|iframe|source)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', page.text) == []
        for file in re.findall(r'(?:src|href)="(/developers/files/[^"]+)"', page.text):
            assert (await client.get(file)).status_code == 200
    assert (await client.get("/developers/files/0/page.css")).status_code == 404


async def test_every_error_is_explained_in_both_languages_with_its_status_and_place(
    client: httpx.AsyncClient,
) -> None:
    found = {each["code"]: each for each in (await client.get("/developers/errors.json")).json()["errors"]}
    assert set(found) >= set(registry()) | set(REQUEST_CODES)
    assert all(each["nl"] and each["en"] and each["status"] and each["areas"] for each in found.values())
    signature = found["SIGNATURE_EXPIRED"]
    assert (signature["status"], signature["areas"]) == ([401], ["partner_orders"])
    assert "POST /partners/{partner_id}/orders" in signature["endpoints"]
    dutch = await client.get("/developers/errors", headers={"Accept-Language": "nl-NL"})
    english = await client.get("/developers/errors", headers={"Accept-Language": "en"})
    assert found["NOT_FOUND"]["nl"] in dutch.text
    assert found["NOT_FOUND"]["en"] in english.text


async def test_the_graphql_reference_is_for_those_who_may_read_the_schema(
    client: httpx.AsyncClient, database: Database
) -> None:
    assert (await client.get("/developers/graphql/types/Order")).status_code == 401
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        key = await key_of(session, entity, "schema:read")
        other = await key_of(session, entity, "orders:read")
    told = {"Authorization": f"Bearer {key}"}
    index = await client.get("/developers/graphql/types", headers=told)
    order = await client.get("/developers/graphql/types/Order", headers=told)
    assert 'href="#Order"' in index.text
    assert "<code>number</code>" in order.text
    assert (await client.get("/developers/graphql/types/Nothing", headers=told)).status_code == 404
    assert (
        await client.get("/developers/graphql/types", headers={"Authorization": f"Bearer {other}"})
    ).status_code == 403


async def test_a_deprecated_endpoint_says_so_and_its_use_is_counted(settings: Settings, database: Database) -> None:
    async def old(request: Request) -> Response:
        await actor_of(request)
        return Response("still here")

    since = date.today()  # noqa: DTZ011  # a day
    words = reason(since=since, use="`/new`", removal=since + timedelta(days=200))
    route = Route("/old/{id}", old, methods=["GET"])
    described(route, summary="Old.", tag="Orders", responses={200: "It."}, deprecation=words)
    app = create_app(settings, SCHEMA)
    app.state.database = database
    app.routes.append(route)
    async with database.session(SYSTEM) as session:
        entity = await factories.business_entity(session)
        key = await key_of(session, entity, "orders:read")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal.example") as client:
        answer = await client.get("/old/1", headers={"Authorization": f"Bearer {key}"})
    assert answer.headers["deprecation"].startswith("@")
    assert answer.headers["sunset"].endswith("GMT")
    await counts_of(database).close()
    async with database.session(SYSTEM) as session:
        [use] = await session.scalars(select(DeprecatedUse).where(DeprecatedUse.entity_id == entity.id))
    assert (use.part, use.replacement, use.uses) == ("GET /old/{id}", "`/new`", 1)
    assert document([route], version="1")["paths"]["/old/{id}"]["get"]["deprecated"] is True
