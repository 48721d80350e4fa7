"""What arrives in an inbox is pushed to its owner, and to nobody else of the same entity."""

from dataclasses import replace

from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.permissions import Role
from tenants.settings import Settings
from tests import factories
from tests.api.live.serving import Client, Served, login
from tests.domain.notifications.market import ORDER, Post
from tests.quoting import Market

RECEIVED = """subscription { notificationReceived { cursor event { type }
  notification { kind title text readAt } } }"""


async def test_staff_customer_and_partner_receive_their_own(
    api: Served, database: Database, settings: Settings, m: Market
) -> None:
    post = Post(m)
    async with database.session(SYSTEM) as session:
        colleague = await factories.actor_with(session, Role.OPERATIONS, m.entity)
    staff, other = await login(database, settings, m.actors["staff"]), await login(database, settings, colleague)
    dealer = await login(database, settings, m.actors["dealer"])
    customer = await login(database, settings, m.actors["customer"])
    async with (
        api.client(staff) as of_staff,
        api.client(other) as of_colleague,
        api.client(dealer) as of_dealer,
        api.client(customer) as of_customer,
    ):
        clients = (of_staff, of_colleague, of_dealer, of_customer)
        ids = [await client.subscribe(RECEIVED) for client in clients]
        for client in clients:
            await client.live()
        await m.ordered()
        await post.react()
        heard = {
            name: {update["notification"]["kind"] for update in await client.updates(id, count)}
            for name, client, id, count in zip(
                ("staff", "colleague", "dealer", "customer"), clients, ids, (1, 1, 2, 2), strict=True
            )
        }
        assert heard == {
            "staff": {"order.received.staff"},
            "colleague": {"order.received.staff"},
            "dealer": {"quote.signed.partner", "order.received.partner"},
            "customer": {"quote.signed", "order.received"},
        }
        to_one = replace(await post.customer(), contact_id=None, user_id=m.actors["staff"].user_id)
        await post.tell("order.received.staff", to_one, "only one", ORDER)
        await post.tell("order.received", await post.customer(), "the last", ORDER)
        [mine] = await of_staff.updates(ids[0], 1)
        assert mine["notification"]["kind"] == "order.received.staff"
        assert mine["notification"]["readAt"] is None
        [last] = await of_customer.updates(ids[3], 1)
        assert last["notification"]["title"] == "Uw opdracht CC-2026-00001 is bevestigd"
        await _nothing_else(of_colleague, ids[1], post)


async def _nothing_else(client: Client, id: str, post: Post) -> None:
    """The next thing that the colleague hears is its own."""
    await post.market.ordered()
    await post.react()
    [update] = await client.updates(id, 1)
    assert update["notification"]["kind"] == "order.received.staff"
    assert "CC-2026-00001" not in update["notification"]["title"]
