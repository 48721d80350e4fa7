"""Malformed requests: refused with a GraphQL error and a code, never with a trace, never by a bug."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tenants.permissions import Role
from tests.protocol.portal import Portal

_JSON = {"content-type": "application/json"}
_STRICT = {**_JSON, "accept": "application/graphql-response+json"}
_ECHO = "query ($a: ID!) { node(id: $a) { id } }"


def _refusal(answer: httpx.Response) -> str:
    """The code of the only error of an answer that has nothing else."""
    body = answer.json()
    assert set(body) == {"errors", "extensions"}
    assert body["extensions"]["requestId"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    [error] = body["errors"]
    return str(error["extensions"]["code"])


async def _send(ours: Portal, content: bytes, role: Role | None = None, **headers: str) -> httpx.Response:
    given = _STRICT | {name.replace("_", "-"): value for name, value in headers.items()}
    return await ours.http.post("/graphql", content=content, headers=given | (await ours.log_in(role) if role else {}))


def _asking(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b'{"query": NaN}',
        b"{'query': 'x'}",
        b'{"query": "{ __typename }"} x',
        b'{"query": "{ __typename }\xff"}',
        b'{"query": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"query": "{ __typename }"}',
        '{"query": "{ __typename }"}'.encode("utf-16"),
        b'{"query": "{ __typename }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ __typename }", "variables": {"a": 1e999}}',
        gzip.compress(b'{"query": "{ __typename }"}', mtime=0),
        b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b"[" * 500_000,
    ],
)
async def test_what_is_no_json_is_refused(ours: Portal, body: bytes) -> None:
    answer = await _send(ours, body)
    assert (answer.status_code, _refusal(answer)) == (400, "BAD_JSON")


async def test_a_compressed_body_is_not_unpacked(ours: Portal) -> None:
    """Ten kilobytes could become ten megabytes."""
    bomb = gzip.compress(b'{"query": "' + b" " * 10_000_000 + b'"}', mtime=0)
    for encoding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "unknown"):
        answer = await _send(ours, bomb, content_encoding=encoding)
        assert (answer.status_code, _refusal(answer)) == (415, "UNSUPPORTED_ENCODING")
    assert (await _send(ours, b'{"query": "{ __typename }"}', content_encoding="identity")).status_code == 200


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "latin-1", "x", '"utf-16"', "utf-8; charset=utf-16"])
async def test_other_charsets_are_refused(ours: Portal, charset: str) -> None:
    answer = await _send(ours, b'{"query": "{ __typename }"}', content_type=f"application/json; charset={charset}")
    assert (answer.status_code, _refusal(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("name", ["query", "variables", "operationName", "extensions", "documentId"])
async def test_a_parameter_that_is_given_twice_is_refused(ours: Portal, name: str) -> None:
    asked = [("query", "{ __typename }"), (name, "{}"), (name, "{}")]
    answer = await ours.http.get("/graphql", params=asked)
    assert (answer.status_code, _refusal(answer)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("text", ["\0", "a\0b", "\0" * 100])
async def test_the_character_that_postgresql_cannot_keep_is_refused(ours: Portal, text: str) -> None:
    literal = json.dumps(text)
    for body in (
        _asking(_ECHO, a=text),
        _asking("query ($f: OrderFilter) { orders(filter: $f) { totalCount } }", f={"number": {"eq": text}}),
        _asking("query ($f: OrderFilter) { orders(filter: $f) { totalCount } }", f={"number": {text: "x"}}),
        _asking(f"{{ orders(filter: {{number: {{eq: {literal}}}}}) {{ totalCount }} }}"),
        _asking(f"query ($a: String = {literal}) {{ search(text: $a) {{ __typename }} }}"),
        _asking(f"mutation {{ createOrganization(input: {{name: {literal}}}) {{ userErrors {{ code }} }} }}"),
    ):
        answer = await _send(ours, body, Role.OPERATIONS)
        assert (answer.status_code, _refusal(answer)) == (400, "NUL_IN_TEXT")


async def test_values_that_nest_without_end_are_refused(ours: Portal) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        nested = f'{{"query": "{{ __typename }}", "variables": {{"a": {opening * 200}1{closing * 200}}}}}'
        answer = await _send(ours, nested.encode())
        assert (answer.status_code, _refusal(answer)) == (400, "TOO_DEEP")
        shallow = f'{{"query": "{{ __typename }}", "variables": {{"a": {opening * 20}1{closing * 20}}}}}'
        assert (await _send(ours, shallow.encode())).status_code == 200


@pytest.mark.parametrize("value", [10**30, 2**31, -(2**31) - 1, 1.5, "1", True, {"a": [1]}, [[1]], 1e300])
async def test_values_of_another_type_are_named(ours: Portal, value: Any) -> None:
    answer = await _send(
        ours, _asking("query ($n: Int) { orders(first: $n) { totalCount } }", n=value), Role.OPERATIONS
    )
    assert (answer.status_code, _refusal(answer)) == (400, "GRAPHQL_VALIDATION_FAILED")
    assert "$n" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "number", ["9" * 30, "9" * 5000, "1" + "0" * 5000 + ".5", "1e99999", "0" * 10 + "1", "- 1", "0x1", "1_000", "1a"]
)
async def test_numbers_that_are_none_are_no_crash(ours: Portal, number: str) -> None:
    answer = await _send(ours, _asking(f"{{ orders(first: {number}) {{ totalCount }} }}"), Role.OPERATIONS)
    assert (answer.status_code, _refusal(answer)[:8]) == (400, "GRAPHQL_")
    assert len(answer.content) < 3_000, "what was sent is not sent back whole"


@pytest.mark.parametrize(
    "moment",
    ["99999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30T00:00:00Z", "0"],
)
async def test_moments_that_are_none_are_no_crash(ours: Portal, moment: str) -> None:
    filtered = "query ($f: OrderFilter) { orders(filter: $f) { totalCount } }"
    answer = await _send(ours, _asking(filtered, f={"createdAt": {"gt": moment}}), Role.OPERATIONS)
    assert (answer.status_code, _refusal(answer)) == (400, "GRAPHQL_VALIDATION_FAILED")


async def test_lone_surrogates_in_a_document_are_refused(ours: Portal) -> None:
    for escape in ("\\ud800", "\\udc00\\ud800", "\\u{110000}", "\\u{d800}", "\\u12"):
        answer = await _send(ours, _asking(f'{{ search(text: "{escape}") {{ __typename }} }}'), Role.OPERATIONS)
        assert (answer.status_code, _refusal(answer)) == (400, "GRAPHQL_PARSE_FAILED")


async def test_who_may_not_read_the_schema_gets_no_hints(ours: Portal) -> None:
    for role, hinted in ((None, False), (Role.CUSTOMER, False), (Role.PARTNER_USER, True), (Role.OPERATIONS, True)):
        answer = await _send(ours, _asking("{ orderz { totalCount } }"), role)
        assert ("orders" in answer.json()["errors"][0]["message"]) is hinted
        introspection = await _send(ours, _asking("{ __schema { queryType { name } } }"), role)
        assert introspection.status_code == (200 if hinted else 400)
        assert hinted or _refusal(introspection) == "INTROSPECTION_REFUSED"


async def test_a_body_beyond_the_bound_is_refused_while_it_comes(ours: Portal) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100 * 2**20:
            read += 2**16
            yield b" " * 2**16

    answer = await ours.http.post("/graphql", content=endless(), headers=_JSON)
    assert (answer.status_code, _refusal(answer)) == (413, "BODY_TOO_LARGE")
    assert read <= 2 * 2**20


# --- anything at all ------------------------------------------------------------------------------------------------

_values: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_requests = st.fixed_dictionaries(
    {},
    optional={name: _values for name in ("query", "variables", "operationName", "extensions", "documentId", "other")},
)


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=200) | _values.map(json.dumps).map(str.encode) | _requests.map(json.dumps).map(str.encode)
)
async def test_whatever_is_sent_is_answered(ours: Portal, body: bytes) -> None:
    answer = await _send(ours, body, Role.OPERATIONS)
    assert answer.status_code < 500
    assert "errors" in answer.json()


@settings(max_examples=60, deadline=None)
@given(
    start=st.sampled_from(["{ orders", "query ($a: ", "mutation { createQuote(input: {", "fragment f on ", ""]),
    rest=st.text('{}()[]!$@:"#,.|&= \n\\u01abcxyz', max_size=60),
)
async def test_whatever_is_asked_is_answered(ours: Portal, start: str, rest: str) -> None:
    answer = await _send(ours, _asking(start + rest), Role.OPERATIONS)
    assert answer.status_code < 500
    assert "errors" in answer.json() or "data" in answer.json()
