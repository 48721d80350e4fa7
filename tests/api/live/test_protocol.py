"""graphql-transport-ws, message by message: what is said, in which order, and with which codes a server hangs up."""

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidStatus

from tenants.engine import Database
from tenants.settings import Settings
from tests.api.live.serving import Client, Login, Served, emptied, login, served
from tests.asking import gid
from tests.quoting import Market

EVENTS = "subscription { events { cursor event { id type } } }"
NOTE = """mutation($input: NoteOrderInput!) { noteOrder(input: $input) { order { id } userErrors { code field } } }"""


@pytest.fixture
async def staff(database: Database, settings: Settings, m: Market) -> Login:
    return await login(database, settings, m.actors["staff"])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("nonsense", 4400),
        ("[]", 4400),
        ("{}", 4400),
        ('{"type":"hello"}', 4400),
        ('{"type":"connection_init","payload":[]}', 4400),
        ('{"type":"subscribe"}', 4400),
        ('{"type":"subscribe","id":"","payload":{}}', 4400),
        ('{"type":"subscribe","id":1,"payload":{}}', 4400),
        ('{"type":"subscribe","id":"1"}', 4400),
        ('{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}', 4401),
        ('{"type":"connection_init"}', 4403),
        ('{"type":"connection_init","payload":{"Authorization":"Bearer x"}}', 4403),
        ('{"type":"connection_init","payload":{"Authorization":"Basic x"}}', 4403),
        ('{"type":"connection_init","payload":{"Authorization":"Bearer cck_0123456789abcdef_x"}}', 4403),
        (b"\x00\x01", 4400),
    ],
)
async def test_what_is_not_understood_or_not_allowed_ends_the_connection(
    api: Served, staff: Login, said: str | bytes, code: int
) -> None:
    async with api.socket(staff.host) as opened:
        await opened.send(said)
        assert (await Client(opened).closed())[0] == code
    await emptied(api.live)


async def test_who_says_nothing_is_hung_up_on(settings: Settings, staff: Login) -> None:
    async with served(settings, live_init_seconds=0.2) as api, api.socket(staff.host) as opened:
        assert await Client(opened).closed() == (4408, "Connection initialisation timeout")


async def test_a_second_init_and_a_second_operation_of_one_id_end_the_connection(api: Served, staff: Login) -> None:
    async with api.client(staff) as client:
        await client.say(type="connection_init")
        assert await client.closed() == (4429, "Too many initialisation requests")
    async with api.client(staff) as client:
        for _ in range(2):
            await client.subscribe(EVENTS, id="mine")
        assert await client.closed() == (4409, "Subscriber for mine already exists")
    await emptied(api.live)


async def test_an_id_is_free_again_when_its_operation_is_over(api: Served, staff: Login) -> None:
    async with api.client(staff) as client:
        for _ in range(3):
            await client.subscribe(EVENTS, id="mine")
            await client.live()
            await client.say(type="complete", id="mine")
            await client.subscribe("{ __typename }", id="other")
            assert (await client.next("other"))["payload"]["data"] == {"__typename": "Query"}
            assert (await client.next("other"))["type"] == "complete"
        await client.live()
        assert not api.live.hub.groups


async def test_a_client_without_the_protocol_is_told_so(api: Served, staff: Login) -> None:
    async with api.socket(staff.host, subprotocols=["graphql-ws"]) as opened:
        assert opened.subprotocol is None
        assert (await Client(opened).closed())[0] == 4406
    async with api.socket(staff.host, subprotocols=["graphql-ws", "graphql-transport-ws"]) as opened:
        assert opened.subprotocol == "graphql-transport-ws"


async def test_a_page_of_another_origin_gets_no_socket(api: Served, staff: Login) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with api.socket(staff.host, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with api.socket(staff.host, origin=f"http://{staff.host}:{api.port}") as opened:
        await Client(opened).init(staff)


async def test_the_credential_may_stand_in_the_header(api: Served, staff: Login) -> None:
    headers = {"Authorization": f"Bearer {staff.bearer}"}
    async with api.socket(staff.host, additional_headers=headers) as opened:
        client = Client(opened)
        await client.say(type="connection_init")
        assert (await client.hear())["type"] == "connection_ack"


async def test_a_ping_is_answered_with_what_it_says(api: Served, staff: Login) -> None:
    async with api.socket(staff.host) as opened:
        client = Client(opened)
        await client.say(type="ping", payload={"before": "init"})
        assert await client.hear() == {"type": "pong", "payload": {"before": "init"}}
        await client.init(staff)
        await client.say(type="ping")
        assert await client.hear() == {"type": "pong"}
        await client.say(type="pong")


async def test_queries_and_mutations_are_answered(api: Served, staff: Login, m: Market) -> None:
    order_id = gid("Order", await m.ordered())
    async with api.client(staff) as client:
        id = await client.subscribe("query($id: ID!) { order(id: $id) { id stage } }", {"id": order_id})
        answer = await client.next(id)
        assert answer["payload"]["data"] == {"order": {"id": order_id, "stage": "RECEIVED"}}
        assert answer["payload"]["extensions"]["cost"]["actual"] >= 1
        assert await client.next(id) == {"id": id, "type": "complete"}
        id = await client.subscribe("mutation { logout { userErrors { code } } }")
        assert (await client.next(id))["type"] == "error"


async def _refused(client: Client, query: str, variables: dict[str, Any] | None = None) -> Any:
    message = await client.next(await client.subscribe(query, variables))
    assert message["type"] == "error", message
    return message["payload"][0]["extensions"]


async def test_what_cannot_be_executed_is_an_error_of_its_operation(api: Served, staff: Login) -> None:
    async with api.client(staff) as client:
        assert (await _refused(client, "subscription { nothing }"))["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert (await _refused(client, "subscription {"))["code"] == "GRAPHQL_PARSE_FAILED"
        both = "subscription { events { cursor } dashboardMetrics { visitsToday } }"
        assert (await _refused(client, both))["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert (await _refused(client, "subscription { events(after: 1) { cursor } }"))["code"]
        assert (await _refused(client, 'subscription { events(after: "x") { cursor } }'))["code"] == "BAD_CURSOR"
        deep = "subscription { events { event { entity " + "{ __typename " * 20 + "}" * 20 + " } } }"
        assert (await _refused(client, deep))["code"]
        assert (await _refused(client, ""))["code"] == "BAD_REQUEST"
        await client.live()


async def test_operations_at_once_are_bounded(settings: Settings, staff: Login) -> None:
    async with served(settings, live_subscriptions_per_connection=2) as api, api.client(staff) as client:
        for _ in range(2):
            await client.subscribe(EVENTS)
        refused = await _refused(client, EVENTS)
        assert refused == {"code": "TOO_MANY_SUBSCRIPTIONS", "limit": 2}


async def test_connections_of_one_login_and_of_all_are_bounded(settings: Settings, staff: Login) -> None:
    async with served(settings, live_connections_per_login=1) as api, api.client(staff):
        async with api.socket(staff.host) as opened:
            client = Client(opened)
            await client.say(type="connection_init", payload={"authorization": f"bearer {staff.bearer}"})
            assert await client.closed() == (4420, "TOO_MANY_CONNECTIONS")
        assert api.live.connections == 1
    async with served(settings, live_connections=1) as api, api.client(staff):
        with pytest.raises(InvalidStatus) as refused:
            async with api.socket(staff.host):
                pass
        assert refused.value.response.status_code == 503


async def test_another_server_class_serves_the_same(settings: Settings, staff: Login, m: Market) -> None:
    """Without our own protocol class messages go through ASGI."""
    async with served(settings, WebSocketsSansIOProtocol) as api:
        async with api.client(staff) as client:
            id = await client.subscribe(
                'subscription { events(types: ["quote.created", "quote.sent"]) { event { type } } }'
            )
            await client.live()
            await m.quote()
            found = await client.updates(id, 2)
            assert [update["event"]["type"] for update in found] == ["quote.created", "quote.sent"]
            await client.say(type="connection_init")
            assert (await client.closed())[0] == 4429
        await emptied(api.live)


async def test_nothing_is_left_of_clients_that_vanish(api: Served, staff: Login) -> None:
    """Whether they are still catching up, live, or have only just connected."""
    before = len(asyncio.all_tasks())
    for number in range(12):
        async with api.socket(staff.host) as opened:
            client = Client(opened)
            if number % 4:
                await client.init(staff)
            for _ in range(number % 4):
                await client.subscribe("subscription { events { cursor event { id } } }")
            if number % 4 == 3:
                await client.live()
            opened.transport.abort()
    await emptied(api.live)
    for _ in range(200):
        if len(asyncio.all_tasks()) <= before + 3:  # the hub's two tasks and one of the test's own
            return
        await asyncio.sleep(0.02)
    raise AssertionError(asyncio.all_tasks())
