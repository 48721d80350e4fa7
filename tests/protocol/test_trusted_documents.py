"""Trusted documents: registered per client, sent by hash, and all that a restricted client may send."""

import asyncio
import base64
import hashlib
import json
from typing import Any

import pytest

from api.reading import global_id
from domain.trusted_documents import manifest, service
from domain.trusted_documents.manifest import _Texts
from tenants import brands
from tenants.auth import clock, standing
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests.protocol.portal import Portal, portal

HELLO, SCOPES = "query Hello { __typename }", "query Scopes { scopes }"
_REGISTER = """mutation ($input: RegisterTrustedDocumentsInput!) { registerTrustedDocuments(input: $input) {
  added unchanged withdrawn userErrors { code field message } } }"""
_WITHDRAW = """mutation ($input: WithdrawTrustedDocumentsInput!) { withdrawTrustedDocuments(input: $input) {
  withdrawn userErrors { code field } } }"""
_RESTRICT = """mutation ($id: ID!, $restricted: Boolean!) { restrictToTrustedDocuments(
  clientId: $id, restricted: $restricted) { restricted userErrors { code field } } }"""
_KEY = """mutation ($scopes: [String!]!) { createApiKey(input: {name: "Key", scopes: $scopes}) {
  apiKey { id } secret userErrors { code field } } }"""
_ROTATE = "mutation ($id: ID!) { rotateApiKey(id: $id) { apiKey { id restrictedToTrustedDocuments } secret } }"
_APPLICATION = """mutation { createOauthClient(input: {name: "App", scopes: ["orders:read"],
  grantTypes: ["client_credentials"]}) { oauthClient { id clientId } secret userErrors { code field } } }"""
_LISTED = """query ($id: ID!) { trustedDocuments(filter: {apiKeyId: $id}) { edges { node {
  hash document operationNames apiKey { id } brand { id } } } } }"""


def sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What is remembered is five seconds old whenever `time[0]` is raised by five."""
    now, real = [0.0], clock.ticks
    monkeypatch.setattr(clock, "ticks", lambda: real() + now[0])
    return now


async def _key(ours: Portal, role: Role = Role.TENANT_ADMIN, *scopes: str) -> tuple[str, str]:
    """Id and secret of a new API key."""
    made = (await ours.ask(_KEY, role, scopes=list(scopes or ["orders:read"])))["createApiKey"]
    assert made["userErrors"] == []
    return made["apiKey"]["id"], made["secret"]


async def _register(ours: Portal, id: str, *documents: str, role: Role = Role.TENANT_ADMIN, **more: Any) -> Any:
    given = [{"document": document} for document in documents]
    input = {"clientId": id, "documents": given, **more}
    return (await ours.ask(_REGISTER, role, input=input))["registerTrustedDocuments"]


async def _restrict(ours: Portal, id: str, restricted: bool = True, role: Role = Role.TENANT_ADMIN) -> Any:
    return (await ours.ask(_RESTRICT, role, id=id, restricted=restricted))["restrictToTrustedDocuments"]


async def _code(ours: Portal, headers: dict[str, str], **body: Any) -> tuple[int, str]:
    """Status, and the code of the only error or the data in its place."""
    answer = await ours.post(body, headers)
    if "data" in answer.json():
        return answer.status_code, str(answer.json()["data"])
    [error] = answer.json()["errors"]
    assert answer.json()["extensions"]["requestId"]
    return answer.status_code, error["extensions"]["code"]


_SAID = (200, "{'__typename': 'Query'}")
_NOT_TRUSTED = (403, "DOCUMENT_NOT_TRUSTED")
_NOT_FOUND = (404, "PERSISTED_QUERY_NOT_FOUND")


async def test_a_registered_document_is_sent_by_its_hash(ours: Portal) -> None:
    id, secret = await _key(ours)
    made = await _register(ours, id, HELLO)
    assert made == {"added": [sha256(HELLO)], "unchanged": [], "withdrawn": [], "userErrors": []}
    by_extension = {"persistedQuery": {"version": 1, "sha256Hash": sha256(HELLO)}}
    by_id = f"sha256:{sha256(HELLO)}"
    assert await _code(ours, bearer(secret), documentId=by_id) == _SAID
    assert await _code(ours, bearer(secret), extensions=by_extension) == _SAID
    assert await _code(ours, bearer(secret), documentId=by_id, extensions=by_extension, query=HELLO) == _SAID
    for asked in ({"documentId": by_id}, {"extensions": json.dumps(by_extension)}):
        answer = await ours.http.get("/graphql", params=asked, headers=bearer(secret))
        assert answer.json()["data"] == {"__typename": "Query"}


async def test_a_document_is_of_one_client(ours: Portal) -> None:
    document = "query Mine { a: __typename }"
    (id, secret), (_, other) = await _key(ours), await _key(ours)
    await _register(ours, id, document)
    asked = {"documentId": f"sha256:{sha256(document)}"}
    assert (await _code(ours, bearer(secret), **asked))[0] == 200
    assert await _code(ours, bearer(other), **asked) == _NOT_FOUND
    assert await _code(ours, await ours.log_in(Role.OPERATIONS), **asked) == _NOT_FOUND
    assert await _code(ours, {}, **asked) == _NOT_FOUND


async def test_nothing_is_registered_by_sending_it(ours: Portal) -> None:
    _, secret = await _key(ours)
    document = "query Sent { b: __typename }"
    by_extension = {"persistedQuery": {"version": 1, "sha256Hash": sha256(document)}}
    assert await _code(ours, bearer(secret), extensions=by_extension) == _NOT_FOUND
    assert (await _code(ours, bearer(secret), extensions=by_extension, query=document))[0] == 200
    assert await _code(ours, bearer(secret), extensions=by_extension) == _NOT_FOUND
    answer = await ours.post({"extensions": by_extension}, bearer(secret))
    assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound", "what Apollo and urql wait for"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"documentId": sha256(HELLO)}, "BAD_DOCUMENT_ID"),
        ({"documentId": "sha256:" + "A" * 64}, "BAD_DOCUMENT_ID"),
        ({"documentId": "sha256:abc"}, "BAD_DOCUMENT_ID"),
        ({"documentId": "sha256:" + "0" * 64 + "\n"}, "BAD_DOCUMENT_ID"),
        ({"documentId": ""}, "BAD_DOCUMENT_ID"),
        ({"documentId": 7}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {"sha256Hash": ""}}}, "BAD_DOCUMENT_ID"),
        ({"extensions": {"persistedQuery": "x"}}, "BAD_REQUEST"),
        ({"extensions": {"persistedQuery": {}}}, "BAD_REQUEST"),
        (
            {"documentId": "sha256:" + "0" * 64, "extensions": {"persistedQuery": {"sha256Hash": "1" * 64}}},
            "BAD_DOCUMENT_ID",
        ),
        ({"query": HELLO, "documentId": "sha256:" + "0" * 64}, "DOCUMENT_HASH_MISMATCH"),
    ],
)
async def test_a_hash_that_is_none_is_refused(ours: Portal, body: dict[str, Any], code: str) -> None:
    assert await _code(ours, {}, **body) == (400, code)


async def test_a_restricted_client_sends_its_documents_and_nothing_else(ours: Portal, time: list[float]) -> None:
    id, secret = await _key(ours, Role.TENANT_ADMIN, "orders:read", "schema:read")
    assert (await _restrict(ours, id))["userErrors"] == [{"code": "NO_TRUSTED_DOCUMENTS", "field": []}]
    await _register(ours, id, HELLO)
    assert (await _restrict(ours, id))["restricted"] is True
    time[0] += 5
    assert await _code(ours, bearer(secret), documentId=f"sha256:{sha256(HELLO)}") == _SAID
    assert await _code(ours, bearer(secret), query=HELLO) == _SAID
    for refused in (f"{HELLO} ", SCOPES, "{ __schema { queryType { name } } }", "{", "mutation { x }"):
        assert await _code(ours, bearer(secret), query=refused) == _NOT_TRUSTED
    assert await _code(ours, bearer(secret), documentId=f"sha256:{sha256(SCOPES)}") == _NOT_TRUSTED
    assert (await _restrict(ours, id, restricted=False))["restricted"] is False
    time[0] += 5
    assert (await _code(ours, bearer(secret), query=SCOPES))[0] == 200


async def test_a_withdrawn_document_is_refused_within_five_seconds(ours: Portal, time: list[float]) -> None:
    id, secret = await _key(ours)
    await _register(ours, id, HELLO, SCOPES)
    await _restrict(ours, id)
    asked = {"documentId": f"sha256:{sha256(HELLO)}"}
    time[0] += 5
    assert await _code(ours, bearer(secret), **asked) == _SAID
    gone = {"clientId": id, "hashes": [sha256(HELLO), sha256("never there")]}
    for withdrawn in ([sha256(HELLO)], []):
        answer = await ours.ask(_WITHDRAW, Role.TENANT_ADMIN, input=gone)
        assert answer["withdrawTrustedDocuments"] == {"withdrawn": withdrawn, "userErrors": []}
    time[0] += 5
    assert await _code(ours, bearer(secret), **asked) == _NOT_TRUSTED
    assert await _code(ours, bearer(secret), query=HELLO) == _NOT_TRUSTED


async def test_an_application_on_its_own_has_a_manifest(ours: Portal, time: list[float]) -> None:
    made = (await ours.ask(_APPLICATION, Role.TENANT_ADMIN))["createOauthClient"]
    id, key, secret = made["oauthClient"]["id"], made["oauthClient"]["clientId"], made["secret"]
    basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
    granted = await ours.http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers={"authorization": f"Basic {basic}"}
    )
    token = bearer(granted.json()["access_token"])
    await _register(ours, id, HELLO)
    assert await _code(ours, token, documentId=f"sha256:{sha256(HELLO)}") == _SAID
    await _restrict(ours, id)
    time[0] += 5
    assert await _code(ours, token, query=SCOPES) == _NOT_TRUSTED


async def test_a_portal_has_a_manifest_for_visitors_and_for_who_logged_in_at_it(
    settings: Settings, database: Database, time: list[float]
) -> None:
    async with portal(settings, database) as ours, portal(settings, database) as other:
        id = global_id("Brand", ours.brand_id)
        await _register(ours, id, HELLO)
        asked = {"documentId": f"sha256:{sha256(HELLO)}"}
        person = await ours.log_in(Role.OPERATIONS)
        for headers in ({}, person):
            assert await _code(ours, headers, **asked) == _SAID
        assert await _code(other, {}, **asked) == _NOT_FOUND
        assert await _code(other, person, **asked) == _SAID, "the portal is that of the login, whatever the Host says"
        await _restrict(ours, id)
        time[0] += 5
        for headers in ({}, person):
            assert await _code(ours, headers, **asked) == _SAID
            assert await _code(ours, headers, query=SCOPES) == _NOT_TRUSTED
        assert await _code(other, person, query=SCOPES) == _NOT_TRUSTED
        assert (await _code(other, {}, query=SCOPES))[0] == 200


async def test_every_fault_of_every_document_is_told(ours: Portal) -> None:
    id, _ = await _key(ours)
    deep = "{ orders { edges { node " + "{ lines { order " * 20 + "{ id }" + "} }" * 20 + " } } }"
    documents = ["query { nothing }", "{", "fragment f on Query { __typename }", deep, HELLO, HELLO]
    given = [{"document": document} for document in documents] + [{}, {"hash": "0", "document": SCOPES}]
    answer = await ours.ask(_REGISTER, Role.TENANT_ADMIN, input={"clientId": id, "documents": given})
    errors = answer["registerTrustedDocuments"]["userErrors"]
    assert [(error["code"], error["field"]) for error in errors] == [
        ("DOCUMENT_INVALID", ["documents", "0", "document"]),
        ("DOCUMENT_INVALID", ["documents", "1", "document"]),
        ("DOCUMENT_INVALID", ["documents", "2", "document"]),
        ("DOCUMENT_INVALID", ["documents", "3", "document"]),
        ("DUPLICATE_VALUE", ["documents", "5"]),
        ("REQUIRED", ["documents", "6", "document"]),
        ("DOCUMENT_HASH_MISMATCH", ["documents", "7", "hash"]),
    ]
    assert "'nothing'" in errors[0]["message"]
    assert "(1:9)" in errors[0]["message"]
    listed = await ours.ask(_LISTED, Role.TENANT_ADMIN, id=id)
    assert listed["trustedDocuments"]["edges"] == [], "all or none"


async def test_a_manifest_is_made_so_and_a_dry_run_only_tells(ours: Portal) -> None:
    id, _ = await _key(ours)
    await _register(ours, id, HELLO, SCOPES)
    third = "query Third { c: __typename }"
    wanted = {"clientId": id, "documents": [{"hash": sha256(HELLO)}, {"document": third}], "prune": True}
    told = {"added": [sha256(third)], "unchanged": [sha256(HELLO)], "withdrawn": [sha256(SCOPES)], "userErrors": []}
    for given in (wanted | {"dryRun": True}, wanted):
        answer = await ours.ask(_REGISTER, Role.TENANT_ADMIN, input=given)
        assert answer["registerTrustedDocuments"] == told
    again = await ours.ask(_REGISTER, Role.TENANT_ADMIN, input=wanted)
    assert again["registerTrustedDocuments"]["added"] == again["registerTrustedDocuments"]["withdrawn"] == []
    listed = await ours.ask(_LISTED, Role.TENANT_ADMIN, id=id)
    nodes = [edge["node"] for edge in listed["trustedDocuments"]["edges"]]
    assert {node["hash"]: node["document"] for node in nodes} == {sha256(HELLO): HELLO, sha256(third): third}
    assert sorted(name for node in nodes for name in node["operationNames"]) == ["Hello", "Third"]
    assert all(node["apiKey"] == {"id": id} and node["brand"] is None for node in nodes)
    unknown = {"clientId": id, "documents": [{"hash": sha256("unknown")}]}
    refused = await ours.ask(_REGISTER, Role.TENANT_ADMIN, input=unknown)
    assert [e["code"] for e in refused["registerTrustedDocuments"]["userErrors"]] == ["NOT_FOUND"]


async def test_a_manifest_has_a_bound(ours: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_DOCUMENTS", 2)
    id, _ = await _key(ours)
    assert (await _register(ours, id, HELLO, SCOPES))["userErrors"] == []
    full = await _register(ours, id, "query Third { __typename }")
    assert [error["code"] for error in full["userErrors"]] == ["TOO_MANY"]
    replaced = await _register(ours, id, "query Third { __typename }", prune=True)
    assert (len(replaced["added"]), len(replaced["withdrawn"])) == (1, 2)


async def test_two_at_once_register_one_manifest(ours: Portal) -> None:
    id, _ = await _key(ours)
    made = await asyncio.gather(*(_register(ours, id, HELLO, SCOPES) for _ in range(4)))
    assert sorted(len(change["added"]) for change in made) == [0, 0, 0, 2]
    assert all(change["userErrors"] == [] for change in made)


async def test_a_key_that_replaces_another_has_its_manifest(ours: Portal, time: list[float]) -> None:
    id, _ = await _key(ours)
    await _register(ours, id, HELLO)
    await _restrict(ours, id)
    made = (await ours.ask(_ROTATE, Role.TENANT_ADMIN, id=id))["rotateApiKey"]
    assert made["apiKey"]["restrictedToTrustedDocuments"] is True
    assert await _code(ours, bearer(made["secret"]), documentId=f"sha256:{sha256(HELLO)}") == _SAID
    assert await _code(ours, bearer(made["secret"]), query=SCOPES) == _NOT_TRUSTED


# --- who may --------------------------------------------------------------------------------------------------------


def _refusals(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["field"]) for error in payload["userErrors"]]


async def test_a_partner_administers_its_own_clients_alone(ours: Portal) -> None:
    (own, _), (entitys, _) = await _key(ours, Role.PARTNER_ADMIN), await _key(ours)
    assert _refusals(await _register(ours, own, HELLO, role=Role.PARTNER_ADMIN)) == []
    for role in (Role.PARTNER_ADMIN, Role.OPERATIONS):
        assert _refusals(await _register(ours, entitys, HELLO, role=role)) == [("NOT_FOUND", ["clientId"])]
        portals = await _register(ours, global_id("Brand", ours.brand_id), HELLO, role=role)
        assert _refusals(portals) == [("PERMISSION_DENIED", ["clientId"])]
    assert (await ours.ask(_LISTED, Role.PARTNER_ADMIN, id=own))["trustedDocuments"]["edges"] != []
    assert (await ours.ask(_LISTED, Role.PARTNER_ADMIN, id=entitys))["trustedDocuments"]["edges"] == []


async def test_what_is_no_client_is_refused(ours: Portal) -> None:
    headers = await ours.log_in(Role.TENANT_ADMIN)
    variables = {"input": {"clientId": global_id("Order", ours.brand_id), "documents": []}}
    answer = (await ours.post({"query": _REGISTER, "variables": variables}, headers)).json()
    assert answer["errors"][0]["extensions"] == {"code": "BAD_ID", "argument": "clientId"}


async def test_a_deployments_key_registers_for_the_clients_of_its_owner(ours: Portal) -> None:
    deploying, secret = await _key(ours, Role.TENANT_ADMIN, "trusted-documents:manage")
    partners, partners_secret = await _key(ours, Role.PARTNER_ADMIN, "trusted-documents:manage")
    (entitys, _), brand = await _key(ours), global_id("Brand", ours.brand_id)

    async def registered(by: str, id: str) -> list[tuple[str, list[str]]]:
        variables = {"input": {"clientId": id, "documents": [{"document": HELLO}]}}
        answer = await ours.post({"query": _REGISTER, "variables": variables}, bearer(by))
        return _refusals(answer.json()["data"]["registerTrustedDocuments"])

    hidden, itself = [("NOT_FOUND", ["clientId"])], [("NOT_FOR_ITSELF", ["clientId"])]
    assert await registered(secret, entitys) == await registered(secret, brand) == []
    assert await registered(secret, partners) == hidden
    assert await registered(partners_secret, entitys) == await registered(partners_secret, brand) == hidden
    assert await registered(secret, deploying) == await registered(partners_secret, partners) == itself


# --- memory ---------------------------------------------------------------------------------------------------------


def test_texts_are_kept_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "_MOST_CHARACTERS", 100)
    texts = _Texts()
    for number in range(50):
        texts.keep(str(number), "x" * 30)
        texts.keep(str(number), "x" * 30)
    assert [number for number in range(50) if texts.get(str(number))] == [47, 48, 49]


async def test_a_text_that_fell_out_of_memory_is_read_again(ours: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    id, secret = await _key(ours)
    await _register(ours, id, HELLO)
    monkeypatch.setattr(manifest, "_MOST_CHARACTERS", 1)
    for _ in range(3):
        assert await _code(ours, bearer(secret), documentId=f"sha256:{sha256(HELLO)}") == _SAID


async def test_what_is_remembered_can_be_forgotten(ours: Portal) -> None:
    """In one's own process, right after a change."""
    id, secret = await _key(ours)
    asked = {"documentId": f"sha256:{sha256(HELLO)}"}
    assert await _code(ours, bearer(secret), **asked) == _NOT_FOUND
    await _register(ours, id, HELLO)
    for memory in (manifest, standing, brands):
        memory.forget(ours.app.state.database)
    assert await _code(ours, bearer(secret), **asked) == _SAID
