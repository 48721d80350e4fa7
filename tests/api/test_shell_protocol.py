"""GraphQL over HTTP: media types, status codes, bounds, masking."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable

import asyncpg
import httpx
import pytest

from tenants.settings import Settings
from tests.api.shell import CANCELLED, GATES, Client, client_of

RESPONSE_JSON = "application/graphql-response+json"
_SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(30)%'"


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with client_of(settings) as made:
        yield made


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        (RESPONSE_JSON, RESPONSE_JSON),
        (f"application/json;q=0.5, {RESPONSE_JSON}", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.1, application/json", "application/json"),
    ],
)
async def test_media_type_is_what_was_asked_for(client: Client, accept: str | None, answered: str) -> None:
    client.http.headers.pop("accept")
    response = await client.post("{ echo }", {"accept": accept} if accept else {})
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.json()["data"] == {"echo": "hello"}


async def test_other_media_types_are_not_acceptable(client: Client) -> None:
    assert (await client.post("{ echo }", {"accept": "text/html"})).status_code == 406


async def test_request_errors_have_no_data_and_a_status(client: Client) -> None:
    for query in ("{", "{ nothing }", "query ($a: Int!) { echo }"):
        plain = await client.post(query)
        strict = await client.post(query, {"accept": RESPONSE_JSON})
        assert (plain.status_code, strict.status_code) == (200, 400)
        assert "data" not in plain.json()
        assert "data" not in strict.json()
        assert plain.json()["errors"][0]["extensions"]["code"].startswith("GRAPHQL_")


async def test_field_errors_keep_the_data(client: Client) -> None:
    response = await client.post("{ echo bug }", {"accept": RESPONSE_JSON})
    assert response.status_code == 200
    assert response.json()["data"] == {"echo": "hello", "bug": None}


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"query={echo}", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query":"{echo}"}', "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"query":"{echo}"}', "application/json; charset=latin-1", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b"{", "application/json", 400, "BAD_JSON"),
        (b'[{"query":"{echo}"}]', "application/json", 400, "NO_BATCHING"),
        (b'"x"', "application/json", 400, "BAD_REQUEST"),
        (b"{}", "application/json", 400, "BAD_REQUEST"),
        (b'{"query":7}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{echo}","variables":[]}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{echo}","operationName":{}}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{echo}","extensions":"x"}', "application/json", 400, "BAD_REQUEST"),
        (b'{"query":"{echo}","operationName":"other"}', "application/json", 400, "UNKNOWN_OPERATION"),
        (b'{"query":"subscription { a }"}', "application/json", 400, "UNSUPPORTED_OPERATION"),
    ],
)
async def test_malformed_requests(client: Client, body: bytes, kind: str, status: int, code: str) -> None:
    response = await client.http.post("/graphql", content=body, headers={"content-type": kind})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (status, code)
    assert "data" not in response.json()


async def test_get_reads_and_never_writes(client: Client) -> None:
    read = await client.http.get(
        "/graphql", params={"query": "query ($t: String!) { echo(text: $t) }", "variables": '{"t":"x"}'}
    )
    assert read.json()["data"] == {"echo": "x"}
    written = await client.http.get(
        "/graphql", params={"query": 'mutation { note(input: {text: "x"}) { note { text } } }'}
    )
    assert (written.status_code, written.headers["allow"]) == (405, "POST")
    assert (await client.http.get("/graphql")).status_code == 400
    assert (await client.http.put("/graphql", json={})).status_code == 405


async def test_a_body_is_bounded_with_and_without_its_length(settings: Settings) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 300

    async with client_of(settings, max_body_bytes=1000) as client:
        announced = await client.post("{ echo }", padding="x" * 1000)
        streamed = await client.http.post("/graphql", content=chunks(), headers={"content-type": "application/json"})
        for response in (announced, streamed):
            error = response.json()["errors"][0]
            assert (response.status_code, error["extensions"]["code"]) == (413, "BODY_TOO_LARGE")
            assert error["extensions"]["limit"] == 1000


async def test_every_bound_is_a_setting_with_its_figure(settings: Settings) -> None:
    limits = {"max_depth": 3, "max_aliases": 2, "max_tokens": 60, "max_input_list": 3, "max_input_text": 10}
    echo = "query ($t: String, $m: [String!]) { echo(text: $t, many: $m) }"
    async with client_of(settings, **limits) as client:
        found = [
            await client.error("{ tree { child { child { name } } } }"),
            await client.error(
                "{ tree { ...a } } fragment a on Tree { ...b } fragment b on Tree { child { child { name } } }"
            ),
            await client.error("{ a: echo b: echo ...f } fragment f on Query { c: echo }"),
            await client.error("{ " + "echo " * 60 + "}"),
            await client.error(echo, m=["a"] * 4),
            await client.error('{ echo(many: ["a", "a", "a", "a"]) }'),
            await client.error(echo, t="x" * 11),
            await client.error('{ echo(text: "xxxxxxxxxxx") }'),
        ]
        codes = [error["extensions"]["code"] for error in found]
        assert (
            codes
            == ["TOO_DEEP"] * 2
            + ["TOO_MANY_ALIASES", "TOO_MANY_TOKENS"]
            + ["LIST_TOO_LONG"] * 2
            + ["TEXT_TOO_LONG"] * 2
        )
        assert [error["extensions"]["limit"] for error in found] == [3, 3, 2, 60, 3, 3, 10, 10]
        assert all(str(error["extensions"]["limit"]) in error["message"] for error in found)
        at_the_limit = await client.data(
            '{ a: tree { child { name } } b: echo(many: ["1", "2", "3"], text: "xxxxxxxxxx") }'
        )
        assert at_the_limit["b"] == "xxxxxxxxxx"


async def test_fragments_that_multiply_are_counted_in_no_time(client: Client) -> None:
    spread = "".join(f"fragment f{i} on Tree {{ x: name ...f{i + 1} ...f{i + 1} }} " for i in range(60))
    error = await client.error("{ tree { ...f0 } } " + spread + "fragment f60 on Tree { name }")
    assert error["extensions"]["code"] == "TOO_MANY_ALIASES"


@pytest.mark.parametrize("query", ["{ tree " + "{ child " * 400 + "{ name }" + "}" * 401, "{ echo(many: " + "[" * 900])
async def test_nesting_beyond_the_parser_is_too_deep(client: Client, query: str) -> None:
    assert (await client.error(query))["extensions"]["code"] in ("TOO_DEEP", "TOO_MANY_TOKENS")


async def test_deeply_nested_variables_are_no_crash(client: Client) -> None:
    body = b'{"query":"{echo}","variables":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    response = await client.http.post("/graphql", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400


async def test_a_bug_is_masked_and_found_in_the_log(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    async with client_of(settings) as client:
        error = await client.error("{ bug }", {"x-request-id": "request-from-a-proxy"})
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["path"] == ["bug"]
    assert "hunter2" not in json.dumps(error)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    [line] = [line for line in lines if line.get("error_id") == error["extensions"]["errorId"]]
    assert line["request_id"] == "request-from-a-proxy"
    assert "shell.py" in line["trace"]
    assert "hunter2" not in line["trace"].splitlines()[-1]
    assert "jan@example.nl" not in line["trace"]
    assert "RuntimeError" in line["trace"]
    [request] = [line for line in lines if line["event"] == "request"]
    assert (request["route"], request["status"], request["outcome"]) == ("/graphql", 200, "error")


async def test_expected_read_errors_stay(client: Client) -> None:
    refused = await client.error("{ refused }", {"accept-language": "en"})
    assert refused["message"] == "Not found."
    assert refused["extensions"] == {"code": "NOT_FOUND", "field": ["someThing"]}
    assert (await client.error("{ badId }"))["extensions"] == {"code": "BAD_ID", "argument": "id"}


async def test_the_request_id_is_in_the_answer(client: Client) -> None:
    response = await client.post("{ echo }")
    assert response.json()["extensions"]["requestId"] == response.headers["x-request-id"]
    odd = await client.post("{ echo }", {"x-request-id": "short"})
    assert odd.headers["x-request-id"] != "short"


async def test_introspection_needs_a_login_outside_development(settings: Settings) -> None:
    for environment, refused in (("test", True), ("development", False)):
        async with client_of(settings, environment=environment) as client:
            response = (await client.post("{ __schema { queryType { name } } }")).json()
            assert ("errors" in response) is refused
            assert await client.data("{ __typename }") == {"__typename": "Query"}


async def test_a_credential_that_does_not_hold_is_401(client: Client) -> None:
    for header in ("Bearer nonsense", "Basic eDp5", "Bearer "):
        response = await client.post("{ echo }", {"authorization": header})
        assert response.status_code == 401
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "Bearer" in response.headers["www-authenticate"]
    assert await client.data("{ role }") == {"role": "ANONYMOUS"}


async def test_forwarded_addresses_are_believed_from_trusted_proxies_only(settings: Settings) -> None:
    forged = {"x-forwarded-for": "198.51.100.7"}
    async with client_of(settings, address="127.0.0.1") as near, client_of(settings) as far:
        assert await near.data("{ address }", forged) == {"address": "198.51.100.7"}
        assert await far.data("{ address }", forged) == {"address": "203.0.113.9"}


async def test_a_client_that_leaves_ends_its_statement(client: Client, test_run: dict[str, str]) -> None:
    GATES["leaver"] = asyncio.Event()
    observer = await asyncpg.connect(test_run["super"])

    async def sleeping(wanted: int) -> None:
        while await observer.fetchval(_SLEEPING) != wanted:
            continue

    async with asyncio.timeout(8):  # less than the statement timeout
        await _ask_and_leave(client.http, '{ sleep(name: "leaver") }', sleeping(1))
        await sleeping(0)
    await observer.close()
    assert "leaver" in CANCELLED
    assert await client.data("{ echo }") == {"echo": "hello"}


async def _ask_and_leave(http: httpx.AsyncClient, query: str, begun: Awaitable[None]) -> None:
    """Drive the application by hand: httpx's transport never disconnects."""
    app = http._transport.app  # type: ignore[attr-defined]  # the transport of the fixture
    body = json.dumps({"query": query}).encode()
    asked = False

    async def receive() -> dict[str, object]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}
        await begun
        return {"type": "http.disconnect"}

    async def send(_message: dict[str, object]) -> None:
        pass

    headers = [(b"content-type", b"application/json"), (b"host", b"nobody.localhost")]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/graphql", "raw_path": b"/graphql"}
    scope |= {"query_string": b"", "headers": headers, "client": ("203.0.113.9", 1), "scheme": "http"}
    await app({**scope, "root_path": "", "asgi": {"version": "3.0"}, "server": ("x", 80)}, receive, send)
