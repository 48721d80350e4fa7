"""Updates reach who may see them, once, in order, as they may see them; nobody else learns that there was one."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from domain.leads.models import LeadStatus
from domain.leads.qualification import disqualify
from domain.orders import service as orders
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.live.serving import Client, Login, Served, emptied, login
from tests.asking import Asker, gid
from tests.quoting import Market, lead_of, market

QUOTES = "subscription($filter: QuoteFilter) { quoteUpdated(filter: $filter) { event { type } quote { id status } } }"
ORDERS = "subscription($id: ID) { orderUpdated(id: $id) { event { type } order { id number stage } } }"
LEADS = "subscription { leadUpdated { cursor event { type } lead { id } } }"
EVERYTHING = "subscription { events { cursor event { id } } }"
TYPES = "subscription($types: [String!], $id: ID) { events(types: $types, subjectId: $id) { event { type } } }"
ALL_EVENTS = "{ events(first: 250) { nodes { id type } } }"


async def asked(database: Database, settings: Settings, who: Login) -> list[str]:
    """The ids of all events that somebody may read, oldest first."""
    found = await Asker(database, settings, who.actor).ask(ALL_EVENTS)
    return [node["id"] for node in reversed(found["events"]["nodes"])]


async def test_staff_follow_the_quotes_of_their_entity(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    async with api.client(await login(database, settings, m.actors["staff"])) as client:
        id = await client.subscribe(QUOTES)
        await client.live()
        quote_id = await m.quote()
        created, sent = await client.updates(id, 2)
        assert created["quote"]["id"] == sent["quote"]["id"] == gid("Quote", quote_id)
        assert [created["event"]["type"], sent["event"]["type"]] == ["quote.created", "quote.sent"]
        assert sent["quote"]["status"] == "SENT"
        await client.say(type="complete", id=id)
    await emptied(api.live)


async def test_each_audience_of_two_markets_gets_exactly_the_events_that_it_may_read(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    other = await market(database, agreement={})
    names = ("staff", "dealer", "master", "customer")
    logins = [await login(database, settings, of.actors[name]) for of in (m, other) for name in names]
    before = [len(await asked(database, settings, who)) for who in logins]
    heard = await _followed(api, logins, [m, other])
    for who, known, events in zip(logins, before, heard, strict=True):
        assert events == (await asked(database, settings, who))[known:], who.actor.role
    assert len({frozenset(events) for events in heard}) > 3
    assert not set(heard[1]) & set(heard[5]), "the dealers of two markets have nothing in common"


async def _followed(api: Served, logins: list[Login], markets: list[Market]) -> list[list[str]]:
    """What each login is sent while there is work in both markets."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(api.client(who)) for who in logins]
        ids = [await client.subscribe(EVERYTHING) for client in clients]
        for client in clients:
            await client.live()
        await _work(markets)
        return await asyncio.gather(*(_until_quiet(*each) for each in zip(clients, ids, strict=True)))


async def _work(markets: list[Market]) -> None:
    for each in markets:
        order_id = await each.ordered()
        async with each.database.session(each.actors["staff"]) as session:
            await orders.note(session, order_id, "Internal", internal=True)
            await orders.hold(session, order_id, "Waiting")


async def _until_quiet(client: Client, id: str) -> list[str]:
    """All that was sent until nothing comes any more."""
    found = [update["event"]["id"] for update in await client.updates(id, 1)]
    try:
        while True:
            message = await client.hear(2.5)
            found.append(message["payload"]["data"]["events"]["event"]["id"])
    except TimeoutError:
        return found


async def test_an_update_is_of_one_subject_or_of_those_that_fulfil_a_filter(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    mine, other = await m.ordered(), await m.ordered()
    async with api.client(await login(database, settings, m.actors["dealer"])) as client:
        one = await client.subscribe(ORDERS, {"id": gid("Order", mine)})
        declined = await client.subscribe(QUOTES, {"filter": {"status": {"eq": "DECLINED"}}})
        await client.live()
        async with database.session(m.actors["staff"]) as session:
            await orders.hold(session, other, "Not this one")
            await orders.hold(session, mine, "This one")
        await m.quote()
        (update,) = await client.updates(one, 1)
        assert update["order"]["id"] == gid("Order", mine)
        assert update["event"]["type"] == "order.held"
        await client.live()
        assert declined not in client.heard


async def test_events_are_chosen_by_type_and_subject(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    order_id = await m.ordered()
    async with api.client(await login(database, settings, m.actors["staff"])) as client:
        of_type = await client.subscribe(TYPES, {"types": ["order.held", "order.resumed"]})
        of_subject = await client.subscribe(TYPES, {"id": gid("Order", order_id)})
        await client.live()
        async with database.session(m.actors["staff"]) as session:
            await orders.hold(session, order_id, "Waiting")
            await orders.note(session, order_id, "Still", internal=True)
            await orders.resume(session, order_id)
        assert [u["event"]["type"] for u in await client.updates(of_type, 2)] == ["order.held", "order.resumed"]
        found = [u["event"]["type"] for u in await client.updates(of_subject, 3)]
        assert found[0] == "order.held"
        assert found[2] == "order.resumed"


async def test_nobody_is_told_of_a_quote_that_is_still_a_draft(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    async with api.client(await login(database, settings, m.actors["customer"])) as client:
        id = await client.subscribe(QUOTES)
        await client.live()
        await m.quote(send=False)
        quote_id = await m.quote()
        (update,) = await client.updates(id, 1)
        assert update == {"event": {"type": "quote.sent"}, "quote": {"id": gid("Quote", quote_id), "status": "SENT"}}


async def test_equal_subscriptions_are_executed_once(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    """Two colleagues have the same rows, so that they share a group; the customer has others."""
    async with database.session(SYSTEM) as session:
        colleague = await factories.actor_with(session, Role.PLANNER, m.entity)
    first, second, third = [
        await login(database, settings, actor) for actor in (m.actors["staff"], colleague, m.actors["customer"])
    ]
    async with api.client(first) as one, api.client(second) as two, api.client(third) as three:
        ids = [await client.subscribe(QUOTES) for client in (one, one, two, three)]
        for client in (one, two, three):
            await client.live()
        assert sorted(len(group.members) for group in api.live.hub.groups.values()) == [1, 3]
        await m.quote()
        texts = [(await client.updates(id, 1))[0] for client, id in zip((one, one, two), ids[:3], strict=True)]
        assert texts[0] == texts[1] == texts[2]


async def test_a_technician_is_told_of_the_orders_of_its_team(
    api: Served, database: Database, settings: Settings, m: Market, owner: Any
) -> None:
    team = await owner.fetchval("INSERT INTO team (name, base_city) VALUES ($1, 'Nijkerk') RETURNING id", m.entity.name)
    mine, other = await m.ordered(), await m.ordered()
    await owner.execute('UPDATE "order" SET team_ids = ARRAY[$1::uuid] WHERE id = $2', team, mine)
    async with database.session(SYSTEM) as session:
        technician = await factories.actor_with(session, Role.TECHNICIAN, m.entity, team_id=team)
    async with api.client(await login(database, settings, technician)) as client:
        id = await client.subscribe(ORDERS)
        refused = await client.subscribe(LEADS)
        await client.live()
        assert client.heard[refused][0]["payload"][0]["extensions"]["code"] == "FORBIDDEN"
        async with database.session(m.actors["staff"]) as session:
            await orders.hold(session, other, "Not theirs")
            await orders.hold(session, mine, "Theirs")
        (update,) = await client.updates(id, 1)
        assert update["order"]["id"] == gid("Order", mine)


async def test_leads_are_followed(api: Served, database: Database, settings: Settings, m: Market) -> None:
    lead = await lead_of(m, LeadStatus.NEW)
    async with api.client(await login(database, settings, m.actors["staff"])) as client:
        id = await client.subscribe(LEADS)
        await client.live()
        async with database.session(m.actors["staff"]) as session:
            await disqualify(session, lead.id, "No charger")
        (update,) = await client.updates(id, 1)
        assert update["lead"]["id"] == gid("Lead", lead.id)


@pytest.mark.parametrize("field", ["orderUpdated", "quoteUpdated", "visitUpdated", "leadUpdated"])
async def test_the_id_of_something_else_is_refused(
    api: Served, database: Database, settings: Settings, m: Market, field: str
) -> None:
    async with api.client(await login(database, settings, m.actors["staff"])) as client:
        bad = gid("Contact", m.customer.id)
        id = await client.subscribe(f'subscription {{ {field}(id: "{bad}") {{ cursor }} }}')
        message = await client.next(id)
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "BAD_ID"
