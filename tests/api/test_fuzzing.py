"""schemathesis over the OpenAPI document: nothing that fits it, and nothing that does not, ends in a 5xx.

In every run a request or two per operation; `FUZZ_EXAMPLES=300 pytest tests/api/test_fuzzing.py -n 0 -s` sends more
and says how many of which status came back.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import routes_of
from api.openapi.document import document
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import SCHEMA, gid
from tests.connecting import Connected, connected

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "1"))
NO_ENDPOINT = '{"error":{"message":"Not Found","code":"NOT_FOUND"}}'
"""Of a path that is none of the document's: a part of it held a slash."""
_CHECKS = [response_schema_conformance, content_type_conformance, status_code_conformance]


DOCUMENT = document(routes_of(SCHEMA), version="1", unlisted=True)
_STRUCTURED = {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}


def as_it_is(_context: Any, value: Any) -> bytes:
    """Bodies that are bytes and no JSON."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


_BODIES = (said.get("requestBody", {}) for verbs in DOCUMENT["paths"].values() for said in verbs.values())
for media in {media for body in _BODIES for media in body.get("content", {})} - _STRUCTURED:
    schemathesis.serializer(media)(as_it_is)


@dataclass
class Fuzzer:
    """Sends what schemathesis makes up: with the key of a partner, of the entity, or none."""

    partner: Connected
    statuses: Counter[int] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._session = requests.Session()

    def send(self, case: Any, key: str, known: bool) -> None:
        """One request. Raises: AssertionError for a 5xx, and for an answer that the document does not describe."""
        if case.operation.path == "/graphql/stream" and "subscription" in str(case.body):
            case.body = {"query": "{ __typename }"}  # what is subscribed to does not end
        if known:
            self._make_known(case)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = case.call(base_url=self.partner.url, headers=headers, session=self._session, timeout=30)
        self.statuses[answer.status_code] += 1
        self.seen.add(case.operation.label)
        allowed = {503} if case.operation.label in ("GET /readyz",) else set()
        assert answer.status_code < 500 or answer.status_code in allowed, (
            f"{case.operation.label} answers {answer.status_code}: {answer.text[:300]}\n{case.as_curl_command()}"
        )
        if answer.status_code != 404 or answer.text != NO_ENDPOINT:
            case.validate_response(answer, checks=_CHECKS)

    def _make_known(self, case: Any) -> None:
        """Of a partner and an entity that there are, so that what comes after finding them is reached."""
        market = self.partner.trade.market
        if "partner_id" in (case.path_parameters or {}):
            case.path_parameters["partner_id"] = str(market.dealer.id)
        if "entityId" in (case.query or {}):
            case.query["entityId"] = gid("BusinessEntity", market.entity.id)


@pytest.fixture
async def fuzzer(database: Database, settings: Settings) -> AsyncIterator[Fuzzer]:
    async with connected(database, settings) as made:
        yield Fuzzer(made)


async def test_nothing_ends_in_a_5xx(fuzzer: Fuzzer) -> None:
    await asyncio.to_thread(_all, fuzzer)
    assert len(fuzzer.seen) == sum(len(verbs) for verbs in DOCUMENT["paths"].values())
    assert fuzzer.statuses.keys() & {200, 201}
    if EXAMPLES > 10:
        print(sum(fuzzer.statuses.values()), "requests:", dict(sorted(fuzzer.statuses.items())))  # noqa: T201


def _all(fuzzer: Fuzzer) -> None:
    partner = fuzzer.partner
    keys = st.sampled_from([partner.key, partner.entity_key, ""])
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations():
        operation = found.ok()
        for mode in _modes(operation.path, operation.method):
            _trying(fuzzer.send)(operation.as_strategy(generation_mode=mode), keys, st.booleans())()


def _modes(path: str, method: str) -> Iterator[GenerationMode]:
    """What does not fit can be made up only where more than any text is asked for."""
    yield GenerationMode.POSITIVE
    said = DOCUMENT["paths"][path][method]
    bodies = said.get("requestBody", {}).get("content", {}).values()
    if any({"$ref", "properties"} & body["schema"].keys() for body in bodies):
        yield GenerationMode.NEGATIVE


def _trying(send: Callable[[Any, str, bool], None]) -> Any:
    def made(cases: Any, keys: Any, known: Any) -> Any:
        rules = bounds(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES <= 10,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        return rules(given(cases, keys, known)(send))

    return made
