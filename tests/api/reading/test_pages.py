"""Pages by cursor, over columns full of equal and empty values: nothing is skipped, nothing comes twice."""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.reading import CursorKey
from tests.api.reading.naive import ORDER_SORTS, Naive, cursor
from tests.api.reading.shop_api import PARTNER, STAFF, ShopApi, key

PAGE = "nodes { id } edges { cursor } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
WALK = f"""
query($first: Int, $after: String, $last: Int, $before: String, $order: OrderSort, $filter: OrderFilter) {{
  orders(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $filter) {{ {PAGE} }}
}}"""
SORTS = st.sampled_from(sorted(ORDER_SORTS)).flatmap(
    lambda name: st.sampled_from([{"field": name.upper(), "direction": way} for way in ("ASC", "DESC")])
)
FILTERS = st.sampled_from([None, {"paid": True}, {"rank": {"gte": 1}}, {"number": {"contains": "1"}}])
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


async def walk(shop: ShopApi, who: Any, forwards: bool, size: int, **given: Any) -> list[str]:
    """All ids, page by page, checking what each page says about itself."""
    found: list[str] = []
    at: dict[str, Any] = {}
    while True:
        window = {"first": size} if forwards else {"last": size}
        page = (await shop.data(who, WALK, **window, **at, **given))["orders"]
        ids, info = [node["id"] for node in page["nodes"]], page["pageInfo"]
        points = [edge["cursor"] for edge in page["edges"]]
        found = found + ids if forwards else ids + found
        assert points[:1] + points[-1:] == [p for p in (info["startCursor"], info["endCursor"]) if p]
        assert info["hasPreviousPage" if forwards else "hasNextPage"] == bool(at)
        if not info["hasNextPage" if forwards else "hasPreviousPage"]:
            assert len(found) == page["totalCount"]
            return found
        assert len(ids) == size
        at = {"after": info["endCursor"]} if forwards else {"before": info["startCursor"]}


@FEW
@given(order=SORTS, size=st.integers(2, 9), filter_=FILTERS, forwards=st.booleans(), partner=st.booleans())
async def test_walk(shop: ShopApi, order: Any, size: int, filter_: Any, forwards: bool, partner: bool) -> None:
    who = PARTNER if partner else STAFF
    everything = f"query($o: OrderSort, $f: OrderFilter) {{ orders(first: 250, orderBy: $o, filter: $f) {{ {PAGE} }} }}"
    expected = Naive(shop.rows, who).execute(everything, {"o": order, "f": filter_})["orders"]
    found = await walk(shop, who, forwards, size, order=order, filter=filter_)
    assert found == [node["id"] for node in expected["nodes"]]


@FEW
@given(order=SORTS, window=st.data())
async def test_any_window(shop: ShopApi, order: Any, window: st.DataObject) -> None:
    """Any combination of after, before, first and last answers as the Relay specification says."""
    naive = Naive(shop.rows, STAFF)
    points = [edge["cursor"] for edge in naive.execute(WALK, {"order": order, "first": 250})["orders"]["edges"]]
    low, high = sorted(window.draw(st.lists(st.integers(0, len(points) - 1), min_size=2, max_size=2, unique=True)))
    given: dict[str, Any] = {"order": order}
    given |= window.draw(st.sampled_from([{}, {"after": points[low]}]))
    given |= window.draw(st.sampled_from([{}, {"before": points[high]}]))
    given[window.draw(st.sampled_from(["first", "last"]))] = window.draw(st.integers(0, 40))
    assert await shop.data(STAFF, WALK, **given) == naive.execute(WALK, given)


async def test_a_cursor_outlives_its_row(shop: ShopApi) -> None:
    row = max((row for row in shop.rows.orders if row["entity_id"] in STAFF.entity_ids), key=lambda r: r["created_at"])
    gone = cursor("Order", "created_at", row["created_at"], key("deleted meanwhile"))
    found = await shop.data(STAFF, WALK, first=250, after=gone)
    before = await shop.data(STAFF, WALK, last=250, before=gone)
    assert found["orders"]["totalCount"] == len(found["orders"]["nodes"]) + len(before["orders"]["nodes"])


def tampered() -> list[str]:
    """Cursors that nobody was given."""
    good = cursor("Order", "created_at", None, key("order 0"))
    raw = base64.urlsafe_b64decode(good + "=" * (-len(good) % 4))
    other_key = CursorKey.derive("another secret")
    forged = base64.urlsafe_b64encode(other_key.mac(raw[16:]) + raw[16:]).rstrip(b"=").decode()
    flipped = [base64.urlsafe_b64encode(raw[:n] + bytes([raw[n] ^ 1]) + raw[n + 1 :]).decode() for n in range(len(raw))]
    return ["", "x", "é", "null", good[:-1], good + "A", good + "=", good.swapcase(), forged, "A" * 20_000, *flipped]


async def test_tampered_cursor(shop: ShopApi) -> None:
    for side in ("after", "before"):
        for text in tampered():
            error = await shop.error(STAFF, WALK, **{side: text})
            assert error.extensions == {"code": "BAD_CURSOR", "argument": side}, text


async def test_cursor_of_another_order_or_list(shop: ShopApi) -> None:
    of_number = cursor("Order", "number", "CC", key("order 0"))
    of_line = cursor("Line", "created_at", None, key("order 0"))
    for text in (of_number, of_line):
        error = await shop.error(STAFF, WALK, after=text)
        assert (error.extensions["code"], error.path) == ("BAD_CURSOR", ["orders"])


@pytest.mark.parametrize("size", [-1, 251, 2**31 - 1])
@pytest.mark.parametrize("side", ["first", "last"])
async def test_page_size(shop: ShopApi, side: str, size: int) -> None:
    error = await shop.error(STAFF, WALK, **{side: size})
    assert error.extensions == {"code": "PAGE_SIZE", "argument": side, "limit": 250}


async def test_first_and_last(shop: ShopApi) -> None:
    assert (await shop.error(STAFF, WALK, first=1, last=1)).extensions == {"code": "BAD_INPUT", "argument": "last"}


async def test_default_page_is_fifty(shop: ShopApi) -> None:
    page = await shop.data(STAFF, "{ lines { nodes { id } totalCount pageInfo { hasNextPage } } }")
    assert page["lines"]["totalCount"] > 50
    assert (len(page["lines"]["nodes"]), page["lines"]["pageInfo"]["hasNextPage"]) == (50, True)
