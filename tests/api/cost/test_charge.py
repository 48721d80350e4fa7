"""Charging over HTTP: what the client is told, what is refused before any work, and who pays."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from api.context import Context, RequestFacts
from api.cost import BUDGET_EXHAUSTED, TOO_COSTLY, budget_of, charge, settled
from api.cost.charge import payer
from api.schema import platform_schema
from tenants.actor import Client as Program
from tenants.actor import ClientKind, actor, anonymous
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests.api.cost.asked import cost_of
from tests.api.reading.shop_schema import schema
from tests.api.shell import EXECUTIONS, Client, client_of

FIGURES: dict[str, Any] = {
    "anonymous_cost_maximum": 25,
    "anonymous_cost_budget": 40,
    "anonymous_cost_restore_per_second": 1,
}
NOTE = "mutation ($input: NoteInput!) { note(input: $input) { note { number } } }"
ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
async def poor(settings: Settings) -> AsyncIterator[Client]:
    """A visitor from an address of its own, who may spend 40."""
    async with client_of(settings, address=str(uuid4()), **FIGURES) as client:
        yield client


def refusals(code: str) -> float:
    return REGISTRY.get_sample_value("chargecars_cost_refused_total", {"code": code}) or 0.0


async def test_the_answer_says_what_it_cost(poor: Client) -> None:
    answer = (await poor.post("{ echo tree { name } }")).json()
    cost = answer["extensions"]["cost"]
    assert cost == {"requested": 20, "actual": 20, "available": 20, "maximum": 25, "restoreRate": 1}


async def test_too_costly_is_refused_with_its_figures(poor: Client) -> None:
    before, document = refusals(TOO_COSTLY), f"{{ a: echo {' '.join(f'b{n}: tree {{ name }}' for n in range(2))} }}"
    strict = await poor.post(document, {"accept": "application/graphql-response+json"})
    assert strict.status_code == 400
    assert (await poor.post(document)).status_code == 200
    body = strict.json()
    assert set(body) == {"errors", "extensions"}
    assert body["errors"][0]["extensions"] == {"code": TOO_COSTLY, "requested": 30, "maximum": 25, "path": "echo"}
    assert "30" in body["errors"][0]["message"]
    assert "25" in body["errors"][0]["message"]
    assert "cost" not in body["extensions"]
    assert refusals(TOO_COSTLY) == before + 2


async def test_an_exhausted_budget_says_when_to_come_back(poor: Client) -> None:
    text, before = uuid4().hex, refusals(BUDGET_EXHAUSTED)
    for _ in range(2):
        assert (await poor.post("{ echo tree { name } }")).status_code == 200
    refused = await poor.post(NOTE, input={"text": text})
    [error] = refused.json()["errors"]
    assert refused.status_code == 429
    assert error["extensions"]["code"] == BUDGET_EXHAUSTED
    assert error["extensions"]["requested"] == 10
    assert 1 <= error["extensions"]["retryAfter"] <= 10
    assert refused.headers["retry-after"] == str(error["extensions"]["retryAfter"])
    assert text not in EXECUTIONS
    assert refusals(BUDGET_EXHAUSTED) == before + 1


async def test_mutations_cost_too(poor: Client) -> None:
    answer = (await poor.post(NOTE, input={"text": uuid4().hex})).json()
    assert answer["extensions"]["cost"]["actual"] == 10


async def test_what_is_refused_by_another_bound_costs_nothing(settings: Settings) -> None:
    async with client_of(settings, address=str(uuid4()), max_aliases=1, **FIGURES) as client:
        for _ in range(10):
            assert (await client.error("{ a: echo b: echo }"))["extensions"]["code"] == "TOO_MANY_ALIASES"
        assert (await client.post("{ echo }")).json()["extensions"]["cost"]["available"] == 30


async def test_every_figure_is_a_setting_that_fits_the_others() -> None:
    for maximum, budget in (("cost_maximum", "cost_budget"), ("anonymous_cost_maximum", "anonymous_cost_budget")):
        with pytest.raises(ValueError, match=f"must not be less than {maximum.upper()}"):
            Settings(_env_file=None, **{maximum: 11, budget: 10})  # type: ignore[arg-type, call-arg]  # its own options


# --- who pays -----------------------------------------------------------------------------------------------------


def context_of(database: Database, settings: Settings, who: Any, address: str = "203.0.113.7") -> Context:
    return Context(who, database, settings, RequestFacts("x", ip_address=address))


async def test_each_key_person_and_address_pays_for_itself(database: Database, settings: Settings) -> None:
    person = actor(Role.OPERATIONS, ONE, user_id=uuid4())
    key, app = (Program(kind, uuid4()) for kind in (ClientKind.API_KEY, ClientKind.OAUTH_CLIENT))
    portal = Program(ClientKind.PORTAL, uuid4())
    payers = [
        person,
        replace(person, user_id=uuid4()),
        replace(person, entity_ids=(OTHER,)),
        replace(person, entity_ids=(ONE, OTHER)),
        replace(person, client=app),
        replace(person, user_id=None, client=app),
        replace(person, user_id=None, client=key),
        anonymous(ONE),
        anonymous(OTHER),
    ]
    keys = [payer(context_of(database, settings, who)) for who in payers]
    assert len(set(keys)) == len(keys)
    assert payer(context_of(database, settings, replace(person, client=portal))) == keys[0]


async def test_addresses_pay_by_what_a_subscriber_has(database: Database, settings: Settings) -> None:
    visitor = anonymous(ONE)

    def of(address: str) -> str:
        return payer(context_of(database, settings, visitor, address))

    assert of("192.0.2.1") != of("192.0.2.2")
    assert of("2001:db8:0:1::1") == of("2001:db8:0:1:ffff::9")
    assert of("2001:db8:0:1::1") != of("2001:db8:0:2::1")
    assert "192.0.2.1" not in of("192.0.2.1")


async def test_what_was_not_needed_is_given_back_once(database: Database, settings: Settings) -> None:
    context = context_of(database, settings, actor(Role.OPERATIONS, uuid4(), user_id=uuid4()))
    context.charge = await charge(context, cost_of(schema, "{ orders(first: 200) { nodes { id } } }"))
    context.spent = 10
    first, again = settled(context, []), settled(context, [])
    assert first is not None
    assert (first["requested"], first["actual"]) == (201, 11)
    assert again == {**first, "available": again["available"]} if again else False
    assert first["available"] >= settings.cost_budget - 11 - settings.cost_budget // 20
    await budget_of(None).close()


async def test_a_read_that_was_ended_costs_what_was_requested(database: Database, settings: Settings) -> None:
    context = context_of(database, settings, actor(Role.OPERATIONS, uuid4(), user_id=uuid4()))
    context.charge = await charge(context, cost_of(schema, "{ orders(first: 200) { nodes { id } } }"))
    ended = settled(context, [{"extensions": {"code": "TIMEOUT"}}])
    assert ended is not None
    assert ended["actual"] == 201
    await budget_of(None).close()


# --- the other bounds ---------------------------------------------------------------------------------------------


def test_the_bounds_are_those_of_the_contract() -> None:
    made = Settings(_env_file=None)  # type: ignore[call-arg]  # its own option
    figures = {
        "max_depth": 15,
        "max_aliases": 30,
        "max_tokens": 2_000,
        "max_page_size": 250,
        "max_input_list": 250,
        "max_body_bytes": 1_048_576,
    }
    assert {name: getattr(made, name) for name in figures} == figures


async def test_the_longest_page_is_a_setting(database: Database, settings: Settings) -> None:
    small = platform_schema("x", max_page=7)
    context = context_of(database, settings, actor(Role.OPERATIONS, uuid4(), user_id=uuid4()))
    document = "query ($n: Int) { orders(first: $n) { nodes { id } } }"
    result = await small.execute(document, {"n": 8}, context_value=context)
    assert [error.extensions for error in result.errors or ()] == [
        {"code": "PAGE_SIZE", "argument": "first", "limit": 7}
    ]
    assert not (await small.execute(document, {"n": 7}, context_value=context)).errors
