"""Pages of other origins: who may call a portal, what a simple cross-site request can never do."""

from typing import Any

import pytest

from api.cors import ALLOWED_HEADERS
from api.reading import global_id
from tenants import brands
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests.api.shell import EXECUTIONS, client_of
from tests.protocol.portal import Portal, portal

_EVIL = "https://evil.example"
_ALLOW = """mutation ($id: ID!, $origins: [String!]) { updateBrand(input: {id: $id, allowedOrigins: $origins}) {
  brand { allowedOrigins } userErrors { code field } } }"""
_NOTE = 'mutation { note(input: {text: "%s"}) { note { text } } }'


def _preflight(origin: str, method: str = "POST") -> dict[str, str]:
    asked = "authorization,content-type"
    return {"origin": origin, "access-control-request-method": method, "access-control-request-headers": asked}


async def test_a_portals_own_pages_may_call_it(ours: Portal) -> None:
    own = f"http://{ours.host}:{ours.settings.port}"
    checked = await ours.http.options("/graphql", headers=_preflight(own))
    assert checked.status_code == 204
    assert checked.headers["access-control-allow-origin"] == own
    assert set(ALLOWED_HEADERS) == set(checked.headers["access-control-allow-headers"].split(", "))
    assert "access-control-allow-credentials" not in checked.headers
    answer = await ours.post({"query": "{ __typename }"}, {"origin": own})
    assert answer.json()["data"] == {"__typename": "Query"}
    assert answer.headers["access-control-allow-origin"] == own
    assert "Origin" in answer.headers["vary"]
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", [_EVIL, "null", "http://localhost:3000", "http://127.0.0.1", "https://", "*"])
async def test_pages_of_other_origins_are_refused(ours: Portal, origin: str) -> None:
    checked = await ours.http.options("/graphql", headers=_preflight(origin))
    assert checked.status_code == 403
    for path in ("/graphql", "/auth/login"):
        answer = await ours.http.post(path, json={"query": "{ __typename }"}, headers={"origin": origin})
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "ORIGIN_NOT_ALLOWED")
        assert answer.json()["extensions"]["requestId"] == answer.headers["x-request-id"]
        assert "access-control-allow-origin" not in {**checked.headers, **answer.headers}
        assert "Origin" in answer.headers["vary"]


async def test_the_origin_of_another_brand_is_refused(ours: Portal, settings: Settings, database: Database) -> None:
    async with portal(settings, database) as other:
        theirs = f"http://{other.host}:{other.settings.port}"
        assert (await other.post({"query": "{ __typename }"}, {"origin": theirs})).status_code == 200
        assert (await ours.post({"query": "{ __typename }"}, {"origin": theirs})).status_code == 403


async def test_an_answer_that_anybody_may_read_is_only_not_shared(ours: Portal) -> None:
    answer = await ours.http.get("/oauth/jwks.json", headers={"origin": _EVIL})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


async def test_an_administrator_lists_further_origins(ours: Portal) -> None:
    id, app = global_id("Brand", ours.brand_id), "https://app.example"
    allowed = await ours.ask(_ALLOW, Role.TENANT_ADMIN, id=id, origins=["https://APP.example:443", f"{app}:8443", app])
    assert allowed["updateBrand"] == {"brand": {"allowedOrigins": [app, f"{app}:8443"]}, "userErrors": []}
    brands.forget(ours.app.state.database)
    for origin, status in ((app, 204), (f"{app}:8443", 204), (f"{app}:1", 403), ("http://app.example", 403)):
        assert (await ours.http.options("/graphql", headers=_preflight(origin))).status_code == status
    await ours.ask(_ALLOW, Role.TENANT_ADMIN, id=id, origins=None)
    brands.forget(ours.app.state.database)
    assert (await ours.http.options("/graphql", headers=_preflight(app))).status_code == 403


@pytest.mark.parametrize(
    "origin",
    ["http://app.example", "https://app.example/", "https://*.example", "https://a@b.example", "https://app", "null"],
)
async def test_what_is_no_origin_is_refused_by_its_place(ours: Portal, origin: str) -> None:
    id = global_id("Brand", ours.brand_id)
    answer = await ours.ask(_ALLOW, Role.TENANT_ADMIN, id=id, origins=["https://fine.example", origin])
    assert answer["updateBrand"]["userErrors"] == [{"code": "INVALID_ORIGIN", "field": ["allowedOrigins", "1"]}]


async def test_developers_may_call_from_their_own_machine(settings: Settings, database: Database) -> None:
    async with portal(settings, database, environment="development") as local:
        for origin in ("http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:1", "http://app.localhost"):
            assert (await local.http.options("/graphql", headers=_preflight(origin))).status_code == 204
        for origin in ("http://localhost.evil.example", "http://127.0.0.1.evil.example", _EVIL):
            assert (await local.http.options("/graphql", headers=_preflight(origin))).status_code == 403


_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"


@pytest.mark.parametrize("kind", [_FORM, _MULTIPART, "text/plain", "text/plain; x=application/json", "", None])
@pytest.mark.parametrize("origin", [_EVIL, None])
async def test_what_a_page_may_send_unasked_executes_nothing(
    settings: Settings, kind: str | None, origin: str | None
) -> None:
    """The content types that need no preflight (Fetch, CORS-safelisted request-header), with and without Origin."""
    text = f"simple {kind} {origin}"
    bodies = [b'{"query": "%s"}' % (_NOTE % text).replace('"', '\\"').encode(), b"query=" + (_NOTE % text).encode()]
    headers = {"content-type": kind} if kind is not None else {}
    headers |= {"origin": origin} if origin else {}
    async with client_of(settings) as client:
        for body in bodies:
            answer = await client.http.post("/graphql", content=body, headers=headers)
            assert answer.status_code in (403, 415)
            assert "data" not in answer.json()
    assert text not in EXECUTIONS


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_a_post_changes_anything(settings: Settings, method: str) -> None:
    text = f"by {method}"
    asked: dict[str, Any] = {"query": _NOTE % text}
    async with client_of(settings) as client:
        for form in ({"params": asked}, {"params": asked, "json": asked}, {"json": asked}):
            answer = await client.http.request(method, "/graphql", **form)
            assert answer.status_code in (204, 400, 405)
            assert answer.status_code == 400 or "POST" in answer.headers["allow"]
    assert text not in EXECUTIONS
