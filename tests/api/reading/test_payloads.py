"""What a mutation's payload selects is read in the mutation's own transaction."""

import asyncpg

from api.reading import global_id
from tests.api.reading.shop_api import PEOPLE, STAFF, ShopApi

RENAME = """
mutation($id: UUID!, $name: String!, $long: Boolean!) {
  rename(id: $id, name: $name) {
    __typename
    done
    ...Renamed
    again: person { x: name orders(first: 1) { totalCount nodes { person { name } } } }
    other: person { x: id }
    skipped: person @skip(if: true) { id }
    people { id name @include(if: $long) }
  }
}
fragment Renamed on RenamePayload { person { __typename name } person { isCompany } }
"""


async def test_uncommitted_change_is_read(shop: ShopApi) -> None:
    old = shop.rows.people[0]["name"]
    for name in ("Renamed", old):
        data = (await shop.data(STAFF, RENAME, id=str(PEOPLE[0]), name=name, long=True))["rename"]
        assert data["person"] == {"__typename": "Person", "name": name, "isCompany": True}
        assert data["again"]["x"] == name
        assert {node["person"]["name"] for node in data["again"]["orders"]["nodes"]} <= {name}
        assert data["other"] == {"x": global_id("Person", PEOPLE[0])}
        assert data["people"] == [{"id": global_id("Person", PEOPLE[0]), "name": name}]
        assert (data["done"], "skipped" in data) == (True, False)


async def test_reads_what_the_transaction_sees(shop: ShopApi, shop_url: str) -> None:
    """Another connection does not see the name before the commit, and does after it."""
    connection = await asyncpg.connect(shop_url)
    old = shop.rows.people[2]["name"]
    await shop.data(STAFF, RENAME, id=str(PEOPLE[2]), name="Committed", long=False)
    seen = await connection.fetchval("SELECT name FROM person WHERE id = $1", PEOPLE[2])
    await connection.execute("UPDATE person SET name = $2 WHERE id = $1", PEOPLE[2], old)
    await connection.close()
    assert seen == "Committed"


async def test_bad_argument_below_a_payload(shop: ShopApi) -> None:
    """The path is that of the mutation, and nothing of it was committed."""
    document = """mutation($id: UUID!) {
      mine: rename(id: $id, name: "Never") { person { orders(first: 251) { totalCount } } } }"""
    error = await shop.error(STAFF, document, id=str(PEOPLE[0]))
    assert (error.extensions, error.path) == ({"code": "PAGE_SIZE", "argument": "first", "limit": 250}, ["mine"])
    people = (await shop.data(STAFF, "{ people { name } }"))["people"]
    assert "Never" not in [person["name"] for person in people]
