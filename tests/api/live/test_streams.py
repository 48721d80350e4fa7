"""Event streams: graphql-sse in distinct connections mode, tickets for an EventSource, resuming by Last-Event-ID."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from domain.orders import service as orders
from tenants.engine import Database
from tenants.settings import Settings
from tests.api.live.serving import PATIENCE, Login, Served, emptied, login, served, until
from tests.quoting import Market

NOTES = (
    """subscription($after: Cursor) { events(after: $after, types: ["order.noted"]) { cursor event { payload } } }"""
)
EVENT = "text/event-stream"


class Stream:
    """Reads server-sent events as the HTML standard says."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.last_id = ""
        self.retry = 0
        self.comments: list[str] = []
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, Any]:
        """Name and data of the next event; ("", None) at the end."""
        name, data = "", list[str]()
        async for line in self._lines:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line and data:
                return name, orjson.loads("\n".join(data)) if any(data) else None
            if line.startswith(":"):
                self.comments.append(value)
            if field == "id":
                self.last_id = value
            if field == "retry":
                self.retry = int(value)
            if field == "event":
                name = value
            if field == "data":
                data.append(value)
        return "", None

    async def note(self) -> str:
        """The words of the next note."""
        name, payload = await asyncio.wait_for(self.next(), PATIENCE)
        assert name == "next"
        update = payload["data"]["events"]
        assert update["cursor"] == self.last_id
        return str(update["event"]["payload"]["note"])


@asynccontextmanager
async def client(api: Served, who: Login, *, known: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"host": f"{who.host}:{api.port}", "accept": EVENT}
    if known:
        headers["authorization"] = f"Bearer {who.bearer}"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", headers=headers, timeout=PATIENCE) as http:
        yield http


@asynccontextmanager
async def opened(http: httpx.AsyncClient, method: str = "POST", **options: Any) -> AsyncIterator[Stream]:
    async with http.stream(method, "/graphql/stream", **options) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith(EVENT)
        yield Stream(response)


async def _ticket(http: httpx.AsyncClient, query: str) -> str:
    answer = await http.post("/graphql/stream/ticket", json={"query": query})
    assert answer.status_code == 200, answer.text
    assert 0 < answer.json()["expiresIn"] <= 600
    return str(answer.json()["ticket"])


async def _note(m: Market, order_id: UUID, words: str) -> None:
    async with m.database.session(m.actors["staff"]) as session:
        await orders.note(session, order_id, words, internal=False)


@pytest.fixture
async def dealer(database: Database, settings: Settings, m: Market) -> Login:
    return await login(database, settings, m.actors["dealer"])


async def _live(api: Served, count: int = 1) -> None:
    await until(lambda: sum(len(group.members) for group in api.live.hub.groups.values()) == count)
    await until(lambda: all(member.floor < 2**63 for group in api.live.hub.groups.values() for member in group.members))


async def test_a_posted_subscription_streams_and_leaves_nothing(api: Served, dealer: Login, m: Market) -> None:
    order_id = await m.ordered()
    async with client(api, dealer) as http, opened(http, json={"query": NOTES}) as stream:
        await _live(api)
        for words in ("One\nline", "Two"):
            await _note(m, order_id, words)
            assert await stream.note() == words
    await emptied(api.live)


async def test_an_event_source_connects_by_ticket_and_resumes_by_itself(api: Served, dealer: Login, m: Market) -> None:
    """It sends no header of its own but Last-Event-ID, always to the same address."""
    order_id = await m.ordered()
    async with client(api, dealer) as http:
        address = {"params": {"query": NOTES, "ticket": await _ticket(http, NOTES)}}
    async with client(api, dealer, known=False) as browser:
        async with opened(browser, "GET", **address) as stream:
            await _live(api)
            await _note(m, order_id, "Seen")
            assert await stream.note() == "Seen"
            assert stream.retry == 1000
            last = stream.last_id
        await emptied(api.live)
        await _note(m, order_id, "Missed")
        async with opened(browser, "GET", headers={"last-event-id": last}, **address) as stream:
            assert await stream.note() == "Missed"
            await _note(m, order_id, "Live again")
            assert await stream.note() == "Live again"
    await emptied(api.live)


async def test_who_was_cut_off_before_the_first_update_resumes_too(api: Served, dealer: Login, m: Market) -> None:
    order_id = await m.ordered()
    async with client(api, dealer) as http:
        async with opened(http, "GET", params={"query": NOTES}) as stream:
            reading = asyncio.create_task(stream.next())
            await until(lambda: stream.last_id)
            reading.cancel()
        await _note(m, order_id, "Missed")
        async with opened(http, "GET", params={"query": NOTES}, headers={"last-event-id": stream.last_id}) as again:
            assert await again.note() == "Missed"


async def test_a_ticket_opens_its_operation_at_its_portal_for_its_time(
    api: Served, settings: Settings, database: Database, dealer: Login, m: Market
) -> None:
    async with client(api, dealer) as http, client(api, dealer, known=False) as browser:
        ticket = await _ticket(http, NOTES)

        async def reason(**params: str) -> Any:
            answer = await browser.get("/graphql/stream", params=params)
            assert answer.status_code == 401
            return answer.json()["errors"][0]["extensions"]["reason"]

        assert await reason(query="subscription { events { cursor } }", ticket=ticket) == "TICKET_INVALID"
        assert await reason(query=NOTES, ticket=ticket[:-4] + "AAAA") == "TICKET_INVALID"
        assert await reason(query=NOTES, ticket="") == "TICKET_INVALID"
        assert await reason(query=NOTES, ticket="é" * 9_000) == "TICKET_INVALID"
        assert await reason(query=NOTES) == "UNAUTHENTICATED"
        other = await login(database, settings, m.actors["customer"])
        assert other.host == dealer.host
        elsewhere = {"host": "another.localhost"}
        answer = await browser.get("/graphql/stream", params={"query": NOTES, "ticket": ticket}, headers=elsewhere)
        assert answer.status_code == 401
    short = settings.model_copy(update={"stream_ticket_seconds": 0})
    async with served(short) as brief, client(brief, dealer) as http:
        answer = await http.post("/graphql/stream/ticket", json={"query": NOTES})
        params = {"query": NOTES, "ticket": answer.json()["ticket"]}
        refused = await http.get("/graphql/stream", params=params)
        assert refused.json()["errors"][0]["extensions"]["reason"] == "TICKET_EXPIRED"


async def test_a_ticket_ends_with_the_login_that_asked_for_it(
    settings: Settings, dealer: Login, m: Market, owner: Any
) -> None:
    async with served(settings, live_check_seconds=0.1) as api:
        async with client(api, dealer) as http:
            params = {"query": NOTES, "ticket": await _ticket(http, NOTES)}
        async with client(api, dealer, known=False) as browser:
            async with opened(browser, "GET", params=params) as stream:
                await _live(api)
                await owner.execute("UPDATE login_session SET ended_at = now() WHERE id = $1", dealer.session_id)
                assert await asyncio.wait_for(stream.next(), PATIENCE) == ("", None)
                assert "TOKEN_REVOKED" in stream.comments
            assert (await browser.get("/graphql/stream", params=params)).status_code == 401
        await emptied(api.live)


async def test_queries_are_answered_and_completed(api: Served, dealer: Login) -> None:
    async with client(api, dealer) as http, opened(http, json={"query": "{ __typename }"}) as stream:
        name, payload = await stream.next()
        assert (name, payload["data"]) == ("next", {"__typename": "Query"})
        assert await stream.next() == ("complete", None)
        assert await stream.next() == ("", None)
    await emptied(api.live)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("subscription {", 400, "GRAPHQL_PARSE_FAILED"),
        ("subscription { nothing }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ('subscription { events(after: "x") { cursor } }', 400, "BAD_CURSOR"),
        ("", 400, "BAD_REQUEST"),
    ],
)
async def test_what_cannot_be_executed_is_no_stream(
    api: Served, dealer: Login, query: str, status: int, code: str
) -> None:
    async with client(api, dealer) as http:
        answer = await http.post("/graphql/stream", json={"query": query})
        assert answer.status_code == status
        assert answer.json()["errors"][0]["extensions"]["code"] == code
        assert (await http.get("/graphql/stream", params={"query": "mutation { x }"})).status_code == 400
        assert (await http.post("/graphql/stream", json={}, headers={"accept": "application/json"})).status_code == 406
    await emptied(api.live)


async def test_a_silent_stream_gives_signs_of_life(settings: Settings, dealer: Login) -> None:
    async with served(settings, live_keepalive_seconds=0.1) as api, client(api, dealer) as http:
        async with opened(http, json={"query": NOTES}) as stream:
            reading = asyncio.create_task(stream.next())
            await until(lambda: len(stream.comments) > 3)
            reading.cancel()
        await emptied(api.live)


async def test_streams_of_one_login_are_bounded(settings: Settings, dealer: Login) -> None:
    async with (
        served(settings, live_connections_per_login=1) as api,
        client(api, dealer) as http,
        opened(http, json={"query": NOTES}),
    ):
        assert (await http.post("/graphql/stream", json={"query": NOTES})).status_code == 429


async def test_a_server_that_goes_ends_its_streams_and_sockets(settings: Settings, dealer: Login) -> None:
    async with served(settings) as api:
        http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{api.port}", timeout=PATIENCE)
        headers = {"host": dealer.host, "accept": EVENT, "authorization": f"Bearer {dealer.bearer}"}
        request = http.build_request("POST", "/graphql/stream", json={"query": NOTES}, headers=headers)
        stream = Stream(await http.send(request, stream=True))
        await _live(api)
    assert await asyncio.wait_for(stream.next(), PATIENCE) == ("", None)
    assert "GOING_AWAY" in stream.comments
    await http.aclose()
