"""The methods of the endpoint, through a real server."""

import httpx
import pytest

from tests.protocol.portal import Portal
from tests.serving import serving

_METHODS = "GET, HEAD, OPTIONS, POST"


async def test_head_is_get_without_a_body(ours: Portal) -> None:
    async with serving(ours.app, lifespan="off") as address, httpx.AsyncClient(base_url=address) as http:
        asked = {"query": "{ __typename }"}
        got = await http.get("/graphql", params=asked)
        head = await http.head("/graphql", params=asked)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        refused = await http.head(
            "/graphql", params={"query": "{"}, headers={"accept": "application/graphql-response+json"}
        )
        assert (refused.status_code, refused.content) == (400, b"")
        assert (await http.get("/graphql", params=asked)).json()["data"] == {"__typename": "Query"}, (
            "nothing was left over"
        )


async def test_options_tells_the_methods(ours: Portal) -> None:
    answer = await ours.http.options("/graphql")
    assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", _METHODS)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_other_methods_are_refused_in_graphqls_form(ours: Portal, method: str) -> None:
    answer = await ours.http.request(method, "/graphql", json={"query": "{ __typename }"})
    assert (answer.status_code, answer.headers["allow"]) == (405, _METHODS)
    assert answer.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert answer.json()["extensions"]["requestId"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({"query": "{ __typename }"}, {}, 200),
        ({"query": "{ nothing }"}, {}, 200),
        ({"query": "{"}, {"accept": "application/graphql-response+json"}, 400),
        ([], {}, 400),
        ({"query": "{ __typename }"}, {"authorization": "Bearer x"}, 401),
        ({"query": "{ __typename }"}, {"accept": "text/html"}, 406),
        ({"query": "{ __typename }"}, {"origin": "https://evil.example"}, 403),
        ({"documentId": f"sha256:{'0' * 64}"}, {}, 404),
    ],
)
async def test_every_answer_has_the_id_of_its_request(
    ours: Portal, body: object, headers: dict[str, str], status: int
) -> None:
    answer = await ours.post(body, {"x-request-id": "given-by-a-proxy", **headers})
    assert answer.status_code == status
    assert answer.json()["extensions"]["requestId"] == answer.headers["x-request-id"] == "given-by-a-proxy"
