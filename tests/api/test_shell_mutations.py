"""One transaction per mutation, refusals as data, retries, Idempotency-Key."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import strawberry

from api.errors import ErrorCode
from api.mutations import Payload, mutation
from api.reading import PUBLIC
from domain.errors import registry
from domain.idempotency import service as idempotency
from domain.idempotency.errors import IdempotencyKeyInUse
from tenants.actor import SYSTEM, actor
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.shell import EXECUTIONS, GATES, STARTED, Client, client_of

NOTE = """mutation ($text: String!, $tags: [String!]! = []) {
  note(input: {text: $text, tags: $tags}) { note { text number } userErrors { code field message } }
}"""
ONCE = NOTE.replace("note(", "noteOnce(", 1)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with client_of(settings, anonymous_mutations_per_minute=10_000) as made:
        yield made


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid4())}


def word() -> str:
    return uuid4().hex


async def committed(owner: "asyncpg.Connection[Any]", text: str) -> int:
    return int(await owner.fetchval("SELECT count(*) FROM cron_slot WHERE job = $1", text))


async def kept(owner: "asyncpg.Connection[Any]") -> int:
    return int(await owner.fetchval("SELECT count(*) FROM idempotency_key"))


# --- refusals -----------------------------------------------------------------------------------------------------


async def test_a_refusal_is_data_in_the_callers_language(client: Client) -> None:
    for language, message in (
        ("en-GB,en", "The state is DRAFT; note is not possible in it."),
        ("nl", "De status is DRAFT; note is daarin niet mogelijk."),
    ):
        answer = await client.data(NOTE, {"accept-language": language}, text=word(), tags=["fail"])
        assert answer["note"] == {
            "note": None,
            "userErrors": [{"code": "INVALID_STATE", "field": ["someList", "3", "endDate"], "message": message}],
        }


async def test_all_faults_of_an_input_are_told_at_once(client: Client) -> None:
    answer = await client.data(NOTE, text=word(), tags=["many"])
    assert [error["field"] for error in answer["note"]["userErrors"]] == [["first"], ["second"]]


async def test_a_refusal_and_a_bug_roll_back(client: Client, owner: "asyncpg.Connection[Any]") -> None:
    refused, broken, done = word(), word(), word()
    await client.data(NOTE, text=refused, tags=["system", "fail"])
    error = await client.error(NOTE, text=broken, tags=["system", "bug"])
    await client.data(NOTE, text=done, tags=["system"])
    assert error["extensions"]["code"] == "INTERNAL"
    assert [await committed(owner, text) for text in (refused, broken, done)] == [0, 0, 1]


async def test_a_deadlock_is_tried_again(client: Client, owner: "asyncpg.Connection[Any]") -> None:
    text = word()
    answer = await client.data(NOTE, text=text, tags=["system", "deadlock"])
    assert answer["note"]["note"]["number"] == 3
    assert await committed(owner, text) == 1


async def test_a_row_changed_by_somebody_else_is_stale(client: Client) -> None:
    answer = await client.data(NOTE, text=word(), tags=["stale"])
    assert [error["code"] for error in answer["note"]["userErrors"]] == ["STALE_VERSION"]


async def test_a_mutation_is_one_transaction_and_reading_writes_nothing(client: Client) -> None:
    assert (await client.data(NOTE, text=word(), tags=["again"]))["note"]["userErrors"] == []
    assert (await client.error(NOTE, text=word(), tags=["read"]))["extensions"]["code"] == "INTERNAL"


async def test_every_stated_code_is_in_the_schema() -> None:
    assert {member.name for member in ErrorCode} == set(registry())


def test_a_payload_has_to_be_made_of_errors_alone() -> None:
    @strawberry.type(description="Demands.")
    class Demanding(Payload):
        thing: str = strawberry.field(description="A thing.")

    async def resolver(info: strawberry.Info) -> Demanding:
        raise NotImplementedError

    with pytest.raises(TypeError, match="Demanding cannot be made of errors alone: give thing a default"):
        mutation("Demands.", requires=PUBLIC)(resolver)


# --- Idempotency-Key ----------------------------------------------------------------------------------------------


async def test_the_same_key_and_input_gives_the_stored_answer(client: Client, owner: "asyncpg.Connection[Any]") -> None:
    text, headers = word(), key()
    first = await client.data(NOTE, headers, text=text, tags=["system"])
    second = await client.data(NOTE, headers, text=text, tags=["system"])
    assert first == second == {"note": {"note": {"text": text, "number": 1}, "userErrors": []}}
    assert (EXECUTIONS[text], await committed(owner, text)) == (1, 1)


async def test_the_same_input_may_be_written_in_another_way(client: Client) -> None:
    text, headers = word(), key()
    first = await client.data(NOTE, headers, text=text)
    literal = (
        f'mutation {{ note(input: {{tags: [], text: "{text}"}})'
        " { note { text number } userErrors { code field message } } }"
    )
    assert await client.data(literal, headers) == first
    assert EXECUTIONS[text] == 1


async def test_other_input_under_a_used_key_is_refused(client: Client) -> None:
    headers, first, second = key(), word(), word()
    await client.data(NOTE, headers, text=first)
    answers = [
        await client.data(NOTE, headers, text=second),
        await client.data(NOTE, headers, text=first, tags=["x"]),
        await client.data(NOTE.replace("text number", "number"), headers, text=first),
        await client.data(ONCE.replace("noteOnce(", "note: noteOnce("), headers, text=first),
    ]
    assert [[error["code"] for error in a["note"]["userErrors"]] for a in answers] == [["IDEMPOTENCY_KEY_REUSED"]] * 4
    assert EXECUTIONS[first] == 1
    assert second not in EXECUTIONS


async def test_a_double_click_executes_once(client: Client) -> None:
    text, headers = word(), key()
    GATES[text], STARTED[text] = asyncio.Event(), asyncio.Event()
    clicks = [asyncio.ensure_future(client.data(NOTE, headers, text=text, tags=["wait"])) for _ in range(3)]
    await STARTED[text].wait()
    GATES[text].set()
    answers = await asyncio.gather(*clicks)
    assert answers[0] == answers[1] == answers[2]
    assert EXECUTIONS[text] == 1


async def test_after_a_refusal_the_key_may_be_used_again(client: Client, owner: "asyncpg.Connection[Any]") -> None:
    text, headers, before = word(), key(), await kept(owner)
    refused = await client.data(NOTE, headers, text=text, tags=["fail"])
    assert refused["note"]["userErrors"][0]["code"] == "INVALID_STATE"
    assert await kept(owner) == before
    done = await client.data(NOTE, headers, text=text, tags=["fail"])
    assert done["note"]["note"]["number"] == 2
    assert await client.data(NOTE, headers, text=text, tags=["fail"]) == done


async def test_the_second_click_executes_where_the_first_failed(client: Client) -> None:
    text, headers = word(), key()
    GATES[text], STARTED[text] = asyncio.Event(), asyncio.Event()
    clicks = [asyncio.ensure_future(client.data(NOTE, headers, text=text, tags=["wait", "fail"])) for _ in range(2)]
    await STARTED[text].wait()
    GATES[text].set()
    answers = await asyncio.gather(*clicks)
    assert sorted(len(answer["note"]["userErrors"]) for answer in answers) == [0, 1]
    assert EXECUTIONS[text] == 2


async def test_a_required_key_is_asked_for(client: Client) -> None:
    text = word()
    refused = await client.data(ONCE, text=text)
    assert [error["code"] for error in refused["noteOnce"]["userErrors"]] == ["IDEMPOTENCY_KEY_REQUIRED"]
    assert text not in EXECUTIONS
    assert (await client.data(ONCE, key(), text=text))["noteOnce"]["note"]["number"] == 1


@pytest.mark.parametrize("bad", ["", "a b", "x" * 256, "caf\xe9"])
async def test_a_key_that_cannot_be_one_is_refused(client: Client, bad: str) -> None:
    response = await client.post(NOTE, {"idempotency-key": bad.encode("latin-1")}, text=word())  # type: ignore[dict-item]  # raw header bytes
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_IDEMPOTENCY_KEY")


async def test_each_field_of_a_document_has_its_own_answer(client: Client) -> None:
    a, b, headers = word(), word(), key()
    document = """mutation ($a: String!, $b: String!) {
      a: note(input: {text: $a}) { note { number } }
      b: note(input: {text: $b}) { ...p }
    } fragment p on NotePayload { note { text } }"""
    first = await client.data(document, headers, a=a, b=b)
    assert first == {"a": {"note": {"number": 1}}, "b": {"note": {"text": b}}}
    assert await client.data(document, headers, a=a, b=b) == first
    assert (EXECUTIONS[a], EXECUTIONS[b]) == (1, 1)


async def test_an_answer_that_cannot_be_completed_undoes_the_work(
    client: Client, owner: "asyncpg.Connection[Any]"
) -> None:
    text, headers = word(), key()
    error = await client.error(NOTE.replace("text number", "number broken"), headers, text=text, tags=["system"])
    assert error["extensions"]["code"] == "INTERNAL"
    assert await committed(owner, text) == 0


async def test_keys_of_two_brands_do_not_meet(settings: Settings, database: Database) -> None:
    headers, hosts = key(), []
    async with database.session(SYSTEM) as session:
        for _ in range(2):
            brand = await factories.brand(session, await factories.business_entity(session))
            hosts.append(brand.host)
    for host in (*hosts, hosts[0]):
        async with client_of(settings, host, anonymous_mutations_per_minute=10_000) as client:
            answer = await client.data(NOTE, headers, text=f"of {host}")
        assert answer["note"]["note"] == {"text": f"of {host}", "number": 1}


async def test_neither_key_nor_answer_is_in_the_table(client: Client, owner: "asyncpg.Connection[Any]") -> None:
    text, headers = word(), key()
    await client.data(NOTE, headers, text=text)
    rows = [bytes(str(tuple(row)), "utf-8") for row in await owner.fetch("SELECT * FROM idempotency_key")]
    assert rows
    assert not any(text.encode() in row or headers["idempotency-key"].encode() in row for row in rows)


async def test_a_user_sees_own_keys_only(database: Database) -> None:
    mine, colleague = (actor(Role.OPERATIONS, uuid4(), user_id=uuid4()) for _ in range(2))
    visitor = actor(Role.ANONYMOUS, mine.entity_ids[0])
    request = idempotency.KeyedRequest.of("secret", mine, word(), "note", "note", b"{}")
    async with database.session(mine) as session:
        assert await idempotency.claim(session, request) is None
        await idempotency.keep(session, request, b"answer")
    for asking, seen in ((mine, b"answer"), (colleague, None), (visitor, None)):
        async with database.session(asking) as session:
            assert await idempotency.answered(session, request) == seen


async def test_a_key_whose_first_request_takes_too_long(database: Database) -> None:
    asking = actor(Role.OPERATIONS, uuid4(), user_id=uuid4())
    request = idempotency.KeyedRequest.of("secret", asking, word(), "note", "note", b"{}")
    async with database.session(asking) as slow:
        await idempotency.claim(slow, request)
        with pytest.raises(IdempotencyKeyInUse):
            async with database.session(asking) as waiting:
                await idempotency.claim(waiting, request, wait_ms=50)


async def test_an_old_key_is_new_again_and_is_swept(
    client: Client, owner: "asyncpg.Connection[Any]", database: Database
) -> None:
    text, headers = word(), key()
    await client.data(NOTE, headers, text=text)
    await owner.execute("UPDATE idempotency_key SET expires_at = now() - interval '1 second'")
    assert (await client.data(NOTE, headers, text=text))["note"]["note"]["number"] == 2
    assert (await client.data(NOTE, headers, text=text))["note"]["note"]["number"] == 2
    await owner.execute("UPDATE idempotency_key SET expires_at = now() - interval '1 second'")
    async with database.session(SYSTEM) as session:
        assert await idempotency.sweep(session) >= 1
    assert await kept(owner) == 0


# --- visitors -----------------------------------------------------------------------------------------------------


async def test_a_visitors_mutations_are_counted_per_address(settings: Settings) -> None:
    async with client_of(settings, address=f"2001:db8::{word()[:4]}", anonymous_mutations_per_minute=2) as client:
        answers = [await client.data(NOTE, text=word()) for _ in range(3)]
    codes = [[error["code"] for error in answer["note"]["userErrors"]] for answer in answers]
    assert codes == [[], [], ["RATE_LIMITED"]]
