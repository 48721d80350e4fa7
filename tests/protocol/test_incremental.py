"""@defer and @stream: parts for who takes them, the whole for everybody else, the same in the end."""

import asyncio
import json
from typing import Any

import pytest

from domain.contacts.models import Contact
from tenants.actor import SYSTEM
from tenants.models import BusinessEntity
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.shell import CANCELLED, GATES, client_of
from tests.protocol.portal import Portal

_PARTS = "multipart/mixed, application/graphql-response+json"
_WHOLE = "application/graphql-response+json"


@pytest.fixture(scope="module")
async def names(ours: Portal) -> list[str]:
    """Names of some contacts of the portal's partner."""
    async with ours.database.session(SYSTEM) as session:
        entity = await session.get_one(BusinessEntity, ours.entity_id)
        partner = await session.get_one(Contact, ours.organization_id)
        return [(await factories.person(session, entity, partner=partner)).name for _ in range(3)]


async def _asked(ours: Portal, query: str, accept: str, **variables: Any) -> tuple[str, list[dict[str, Any]]]:
    """The content type and the parts of an answer."""
    headers = {"accept": accept, **(await ours.log_in(Role.OPERATIONS))}
    answer = await ours.post({"query": query, "variables": variables}, headers)
    kind = answer.headers["content-type"]
    if not kind.startswith("multipart/mixed"):
        return kind, [answer.json()]
    assert kind == 'multipart/mixed; boundary="-"'
    opening, *parts = answer.text.split("\r\n---\r\n")
    assert opening == ""
    assert parts[-1].endswith("\r\n-----\r\n")
    parts[-1] = parts[-1].removesuffix("\r\n-----\r\n")
    heads, bodies = zip(*(part.split("\r\n\r\n", 1) for part in parts), strict=True)
    assert set(heads) == {"Content-Type: application/json; charset=utf-8"}
    return kind, [json.loads(body) for body in bodies]


def _merged(parts: list[dict[str, Any]]) -> Any:
    """The data as a client puts it together."""
    assert [part["hasNext"] for part in parts] == [True] * (len(parts) - 1) + [False]
    data, paths = parts[0]["data"], {}
    for part in parts:
        paths.update({pending["id"]: pending["path"] for pending in part.get("pending", ())})
        for item in part.get("incremental", ()):
            place = _at(data, [*paths[item["id"]], *item.get("subPath", ())])
            place.extend(item["items"]) if "items" in item else _put(place, item["data"])
    assert {done["id"] for part in parts for done in part.get("completed", ())} == set(paths)
    return data


def _at(data: Any, path: list[Any]) -> Any:
    for key in path:
        data = data[key]
    return data


def _put(place: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(place.get(key), dict):
            _put(place[key], value)
        else:
            place[key] = value


_DOCUMENTS = [
    "{ contacts(first: 2) { totalCount ... @defer { edges { node { name } } } } }",
    '{ a: __typename ... @defer(label: "later") { contacts(first: 3) { totalCount edges { node { id name } } } } }',
    "{ contacts(first: 3) { edges @stream(initialCount: 1) { node { name ...more @defer } } } }"
    " fragment more on Contact { id kind: __typename }",
    "{ contacts(first: 1) { totalCount } ... @defer { contacts(first: 1) { edges { node { name } } } } }",
    "{ contacts(first: 2) { edges { node { id ... @defer { name ... @defer { createdAt } } } } } }",
    "{ one: scopes @stream(initialCount: 2) two: businessEntities { ... @defer { name brands { host } } } }",
]


@pytest.mark.parametrize("document", _DOCUMENTS)
async def test_the_parts_make_the_whole(ours: Portal, names: list[str], document: str) -> None:
    kind, parts = await _asked(ours, document, _PARTS)
    assert kind.startswith("multipart/mixed")
    assert len(parts) > 1
    assert "errors" not in parts[0]
    [whole] = (await _asked(ours, document, _WHOLE))[1]
    assert _merged(parts) == whole["data"]
    assert parts[0]["extensions"]["requestId"] == parts[-1]["extensions"]["requestId"]
    assert parts[-1]["extensions"]["cost"]["requested"] == whole["extensions"]["cost"]["requested"]
    assert parts[-1]["extensions"]["cost"]["actual"] >= 1


@pytest.mark.parametrize(
    "accept",
    [
        _WHOLE,
        "application/json",
        "*/*",
        "multipart/mixed;deferSpec=20220824, application/json",
        "multipart/mixed;subscriptionSpec=1.0, application/json",
        "multipart/mixed;q=0, application/json",
    ],
)
async def test_who_does_not_take_parts_is_answered_whole(ours: Portal, names: list[str], accept: str) -> None:
    kind, [answer] = await _asked(ours, _DOCUMENTS[0], accept)
    assert kind.startswith("application/")
    assert len(answer["data"]["contacts"]["edges"]) == 2


@pytest.mark.parametrize("accept", ["multipart/mixed", "multipart/mixed;incrementalSpec=v0.2, */*;q=0.1", _PARTS])
async def test_who_takes_parts_gets_them_where_there_are_any(ours: Portal, names: list[str], accept: str) -> None:
    assert (await _asked(ours, _DOCUMENTS[0], accept))[0].startswith("multipart/mixed")
    for document in ("{ __typename }", "{ ... @defer(if: false) { __typename } }"):
        kind, [answer] = await _asked(ours, document, accept)
        assert kind.startswith("application/")
        assert answer["data"] == {"__typename": "Query"}


async def test_a_variable_decides(ours: Portal, names: list[str]) -> None:
    document = "query ($later: Boolean!) { contacts { totalCount ... @defer(if: $later) { edges { node { name } } } } }"
    for later, parts in ((True, 2), (False, 1)):
        assert len((await _asked(ours, document, _PARTS, later=later))[1]) == parts
        assert len((await _asked(ours, document, _WHOLE, later=later))[1]) == 1


async def test_errors_of_later_parts_are_told_with_them(ours: Portal, names: list[str]) -> None:
    document = "{ __typename ... @defer { orders(first: -1) { totalCount } } }"
    _, parts = await _asked(ours, document, _PARTS)
    errors = [
        error
        for part in parts
        for item in part.get("incremental", []) + part.get("completed", [])
        for error in item.get("errors", ())
    ]
    assert [error["extensions"]["code"] for error in errors] == ["PAGE_SIZE"]
    assert errors[0]["path"] == ["orders"]


async def test_a_mutation_is_answered_whole(ours: Portal) -> None:
    document = """mutation { withdrawTrustedDocuments(input: {clientId: "", hashes: []}) {
      withdrawn ... @defer { userErrors { code } } } }"""
    kind, [answer] = await _asked(ours, document, _PARTS)
    assert kind.startswith("application/")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_ID"


@pytest.mark.parametrize(
    "document",
    [
        "{ __typename @stream }",
        '{ ... @defer(label: "a") { __typename } ... @defer(label: "a") { x: __typename } }',
        "{ __typename @defer }",
        "query ($l: String) { ... @defer(label: $l) { __typename } }",
        "{ contacts { edges @stream(initialCount: -1) { node { id } } } }",
    ],
)
async def test_directives_in_the_wrong_place_are_refused(ours: Portal, names: list[str], document: str) -> None:
    _, [answer] = await _asked(ours, document, _PARTS)
    assert answer["errors"]


async def test_bounds_and_cost_hold(ours: Portal) -> None:
    deep = "{ orders { edges { node " + "{ lines { order " * 8 + "{ ... @defer { id } }" + "} }" * 8 + " } } }"
    costly = "{ ... @defer { contacts(first: 250) { edges { node { addresses { contact { addresses { id } } } } } } } }"
    for document, codes in ((deep, {"TOO_DEEP"}), (costly, {"TOO_COSTLY", "GRAPHQL_VALIDATION_FAILED"})):
        _, [answer] = await _asked(ours, document, _PARTS)
        assert answer["errors"][0]["extensions"]["code"] in codes


async def test_a_client_that_leaves_between_the_parts_ends_the_work(settings: Settings) -> None:
    """Down to the statement of a part that was still to come."""
    GATES["late"] = asyncio.Event()
    async with client_of(settings) as client, asyncio.timeout(8):
        app = client.http._transport.app  # type: ignore[attr-defined]  # the transport of the fixture
        body = json.dumps({"query": '{ echo ... @defer { sleep(name: "late") } }'}).encode()
        messages = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await GATES["late"].wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json"), (b"accept", b"multipart/mixed"), (b"host", b"x.localhost")]
        scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/graphql", "raw_path": b"/graphql"}
        scope |= {"query_string": b"", "headers": headers, "client": ("203.0.113.9", 1), "scheme": "http"}
        await app({**scope, "root_path": "", "asgi": {"version": "3.0"}, "server": ("x", 80)}, receive, send)
        while "late" not in CANCELLED:  # noqa: ASYNC110  # it is a list; sooner than the statement timeout
            await asyncio.sleep(0)
    assert b'"echo":"hello"' in sent[1]["body"]
    assert all(b"-----" not in message.get("body", b"") for message in sent)
