"""The byte lane through the whole application."""

import re

from tenants.settings import Settings
from tests.api.shell import client_of

PLACES = """query ($t: String!) { b: echo(text: $t) bug t: __typename ...F }
fragment F on Query { a: role }"""


def counted(text: str) -> dict[str, float]:
    """Operations left to graphql-core, by reason."""
    found = re.findall(r'chargecars_ordinary_lane_total\{reason="(\w+)"\} ([0-9.]+)', text)
    return {reason: float(value) for reason, value in found}


async def test_what_takes_the_ordinary_lane_is_counted_by_reason(settings: Settings) -> None:
    async with client_of(settings, environment="development") as client:
        before = counted((await client.http.get("/metrics")).text)
        await client.data("query ($t: String!) { again: __typename echo(text: $t) role }", t="x")
        await client.data('mutation { note(input: {text: "counted"}) { note { text } } }')
        await client.data("{ __schema { queryType { name } } }")
        after = counted((await client.http.get("/metrics")).text)
    more = {reason: value - before.get(reason, 0) for reason, value in after.items()}
    assert {reason: number for reason, number in more.items() if number} == {"mutation": 1, "introspection": 1}


async def test_fields_of_python_resolvers_keep_their_errors_and_neighbours(settings: Settings) -> None:
    text = '\u2028 "\\ é \x07'
    async with client_of(settings) as client:
        answer = (await client.post(PLACES, t=text)).json()
    assert list(answer) == ["errors", "data", "extensions"]
    assert list(answer["data"].items()) == [("b", text), ("bug", None), ("t", "Query"), ("a", "ANONYMOUS")]
    assert [error["path"] for error in answer["errors"]] == [["bug"]]
