"""The three questions of the read benchmark in each contender's words, and what their answers have in common."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.reading.ids import global_id, parse_id
from tenants.actor import Actor
from tenants.audience import Audience

_OWN = "id number stage progress onHold createdAt"
_OWN_LINES = "lines { id position sku description quantity unit visitPosition }"
_OWN_VISITS = "visits { id position kind status minutes day }"
_ONE = f"query ($id: ID!) {{ order(id: $id) {{ {_OWN} {_OWN_LINES} {_OWN_VISITS} }} }}"
_MANY = f"query ($first: Int!) {{ orders(first: $first) {{ nodes {{ {_OWN} {_OWN_LINES} }} }} }}"

_THEIR = "rowId number stage progress onHold createdAt"
_THEIR_LINES = """quoteVersionByQuoteVersionId { lineItemsByQuoteVersionIdList(orderBy: POSITION_ASC) {
  rowId position sku description quantity unit visitPosition } }"""
_THEIR_VISITS = "visitsByOrderIdList(orderBy: POSITION_ASC) { rowId position kind status minutes day }"
_THEIR_ONE = f"query ($id: UUID!) {{ orderByRowId(rowId: $id) {{ {_THEIR} {_THEIR_LINES} {_THEIR_VISITS} }} }}"
_THEIR_STAFF = f"""query ($first: Int!, $entity: UUID!) {{
  allOrdersList(first: $first, condition: {{entityId: $entity}}, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {{
    {_THEIR} {_THEIR_LINES} }} }}"""
_THEIR_PARTNER = f"""query ($first: Int!) {{
  allOrdersList(first: $first, orderBy: [CREATED_AT_DESC, ROW_ID_DESC]) {{ {_THEIR} {_THEIR_LINES} }} }}"""


@dataclass(frozen=True)
class Asked:
    """One question; `first` is None for one order by its key."""

    name: str
    first: int | None = None

    def ours(self, key: UUID) -> dict[str, Any]:
        if self.first is None:
            return {"query": _ONE, "variables": {"id": global_id("Order", key)}}
        return {"query": _MANY, "variables": {"first": self.first}}

    def by_hand(self, key: UUID) -> dict[str, Any]:
        return {"id": str(key)} if self.first is None else {"first": self.first}

    def theirs(self, key: UUID, actor: Actor) -> dict[str, Any]:
        if self.first is None:
            return {"query": _THEIR_ONE, "variables": {"id": str(key)}}
        if actor.audience is Audience.STAFF:
            return {"query": _THEIR_STAFF, "variables": {"first": self.first, "entity": str(actor.entity_ids[0])}}
        return {"query": _THEIR_PARTNER, "variables": {"first": self.first}}


ASKED = (Asked("one_order"), Asked("orders_50", 50), Asked("orders_500", 500))


def comparable(asked: Asked, data: dict[str, Any]) -> list[dict[str, Any]]:
    """The orders of an answer in one form, whoever gave it."""
    value = next(iter(data.values()))
    if isinstance(value, dict) and "nodes" in value:
        value = value["nodes"]
    return [_order(order) for order in (value if isinstance(value, list) else [value])]


def _order(order: dict[str, Any]) -> dict[str, Any]:
    made = dict(order)
    if version := made.pop("quoteVersionByQuoteVersionId", None):
        made["lines"] = version["lineItemsByQuoteVersionIdList"]
    if "visitsByOrderIdList" in made:
        made["visits"] = made.pop("visitsByOrderIdList")
    made["createdAt"] = datetime.fromisoformat(made["createdAt"])
    for name in ("lines", "visits"):
        made[name] = [_keyed(item) for item in made.get(name, ())]
    return _keyed(made)


def _keyed(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its plain key, which is inside our global ids."""
    made = dict(row)
    key = made.pop("rowId", None) or str(parse_id(made.pop("id"), "id")[1])
    return {**made, "id": key}
