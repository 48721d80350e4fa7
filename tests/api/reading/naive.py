"""What every document has to answer, computed the obvious way: Python over the rows, one resolver per field."""

import base64
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql import GraphQLSchema, build_schema, graphql_sync

from api.reading import CursorKey, global_id
from tenants.actor import Actor
from tenants.audience import Audience
from tests.api.reading.shop_api import Rows
from tests.api.reading.shop_models import Urgency
from tests.api.reading.shop_schema import schema

KEY = CursorKey.derive("a secret")
OFFERED = build_schema(schema.as_str())
ALL_AT_ONCE = [directive for directive in OFFERED.directives if directive.name not in ("defer", "stream")]
OPTIONS: dict[str, Any] = {**OFFERED.to_kwargs(), "directives": ALL_AT_ONCE}
SDL = GraphQLSchema(**OPTIONS)
"""What the shop offers, for an executor that gives no answer in parts."""
Row = dict[str, Any]


def by_column(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


_COLUMNS = ("created_at", "number", "rank", "weight", "ratio", "due_on", "note", "paid")
ORDER_SORTS = {name: by_column(name) for name in _COLUMNS} | {"total": by_column("total_cents")}
LINE_SORTS = {name: by_column(name) for name in ("position", "sku")}


def stamp(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat() + "Z"


def cursor(kind: str, sort: str, value: Any, row_id: UUID) -> str:
    text = stamp(value) if isinstance(value, datetime) else value
    text = text if text is None else (str(text).lower() if isinstance(text, bool) else str(text))
    payload = json.dumps([kind, sort, text, str(row_id)], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(KEY.mac(payload) + payload).rstrip(b"=").decode()


def money(cents: int | None, currency: str = "EUR") -> Row | None:
    if cents is None:
        return None
    sign = "-" if cents < 0 else ""
    amount = f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
    return {"cents": str(cents), "amount": amount, "currency": currency}


def text_of(value: Any) -> str | None:
    return None if value is None else str(value)


class Naive:
    """The rows as one actor sees them."""

    def __init__(self, rows: Rows, actor: Actor) -> None:
        self.actor = actor
        self.rows = rows
        self.orders = [row for row in rows.orders if self._sees_order(row)]
        self.people = [row for row in rows.people if self._sees_person(row)]
        lines = actor.audience in (Audience.STAFF, Audience.PARTNER)
        visible = {row["id"] for row in self.orders}
        self.lines = [row for row in rows.lines if lines and row["order_id"] in visible]
        entities = actor.entity_ids if actor.audience is Audience.STAFF else ()
        self.remarks = [row for row in rows.remarks if row["entity_id"] in entities]

    def execute(self, document: str, variables: Row) -> Any:
        result = graphql_sync(SDL, document, root_value=self.root(), variable_values=variables)
        assert result.errors is None, result.errors
        return result.data

    def _sees_order(self, row: Row) -> bool:
        actor = self.actor
        if actor.audience is Audience.STAFF:
            return row["entity_id"] in actor.entity_ids
        if actor.audience is Audience.PARTNER:
            return row["organization_id"] is not None and row["organization_id"] == actor.organization_id
        return bool(row["person_id"] == actor.contact_id)

    def _sees_person(self, row: Row) -> bool:
        if self.actor.audience is Audience.CUSTOMER:
            return bool(row["id"] == self.actor.contact_id)
        return row["entity_id"] in self.actor.entity_ids

    def root(self) -> Row:
        return {
            "node": lambda info, id: self.node(id),
            "nodes": lambda info, ids: [self.node(id_) for id_ in ids],
            "order": lambda info, id: self.node(id, "Order"),
            "line": lambda info, id: self.node(id, "Line"),
            "me": lambda info: next((self.person(p) for p in self.people if p["id"] == self.actor.contact_id), None),
            "orders": self.page(self.orders, ORDER_SORTS, "created_at", True, self.order, "Order"),
            "lines": self.page(self.lines, LINE_SORTS, "position", False, self.line, "Line"),
            "since": self.since,
            "people": lambda info: [self.person(p) for p in sorted(self.people, key=lambda p: (p["name"], p["id"]))],
            "companies": lambda info: [
                {"__typename": "Company", "id": global_id("Company", p["id"]), "name": p["name"]}
                for p in sorted(self.people, key=lambda p: p["id"])
                if p["is_company"]
            ],
            "skuTotals": lambda info, besides: self.totals([row for row in self.lines if row["sku"] != besides]),
            "remarks": lambda info: [self.remark(r) for r in sorted(self.remarks, key=lambda r: r["id"])],
            "search": self.search,
        }

    def node(self, id_: str, only: str | None = None) -> Row | None:
        kind, _, key = base64.b64decode(id_).decode().partition(":")
        return None if only not in (None, kind) else self.found(kind, UUID(key))

    def found(self, kind: str, key: UUID) -> Row | None:
        sources: dict[str, tuple[list[Row], Callable[[Row], Row]]] = {
            "Order": (self.orders, self.order),
            "Person": (self.people, self.person),
            "Line": (self.lines, self.line),
            "Remark": (self.remarks, self.remark),
        }
        rows, make = sources.get(kind, ([], self.order))
        return next((make(row) for row in rows if row["id"] == key), None)

    def person(self, row: Row) -> Row:
        mine = [order for order in self.orders if order["person_id"] == row["id"]]
        return {
            "__typename": "Person",
            "id": global_id("Person", row["id"]),
            "name": row["name"],
            "isCompany": row["is_company"],
            "orders": self.page(
                mine, {"created_at": ORDER_SORTS["created_at"]}, "created_at", True, self.order, "Order"
            ),
        }

    def line(self, row: Row) -> Row:
        staff = self.actor.audience is Audience.STAFF
        order = next(order for order in self.orders if order["id"] == row["order_id"])
        return {
            "__typename": "StaffLine" if staff else "PartnerLine",
            "id": global_id("Line", row["id"]),
            "sku": row["sku"],
            "position": row["position"],
            "price": money(row["cents"]),
            "cost": money(row["cost_cents"]),
            "order": lambda info: self.order(order),
            "label": f"{row['sku']}%:x",
        }

    def remark(self, row: Row) -> Row:
        kind = {"order": "Order", "person": "Person"}.get(row["subject_kind"], "")
        return {
            "__typename": "Remark",
            "id": global_id("Remark", row["id"]),
            "text": row["text"],
            "subject": lambda info: self.found(kind, row["subject_id"]),
        }

    def order(self, row: Row) -> Row:
        lines = sorted(
            (ln for ln in self.lines if ln["order_id"] == row["id"]), key=lambda ln: (ln["position"], ln["id"])
        )
        person = next((p for p in self.people if p["id"] == row["person_id"]), None)
        return {
            "__typename": "Order",
            **self.plain(row),
            "mine": self.actor.contact_id is not None and row["person_id"] == self.actor.contact_id,
            "lineCount": len(lines),
            "isStage": lambda info, stages: row["stage"] in stages,
            "person": lambda info: person and self.person(person),
            "firstLine": lambda info: self.line(lines[0]) if lines else None,
            "twin": lambda info: self.twin(row),
            "lines": lambda info: [self.line(line) for line in lines],
            "linePage": self.page(lines, LINE_SORTS, "position", False, self.line, "Line"),
            "totals": lambda info: self.totals(lines),
            "largest": lambda info: self.largest(lines),
        }

    def plain(self, row: Row) -> Row:
        due_at = None if row["due_at"] is None else row["due_at"].isoformat()
        due_on = None if row["due_on"] is None else row["due_on"].isoformat()
        delivery = {"dueOn": due_on, "dueAt": due_at, "weight": text_of(row["weight"])}
        return {
            **{name: row[name] for name in ("number", "note", "ratio", "rank", "paid", "tags", "extra")},
            "id": global_id("Order", row["id"]),
            "status": str(row["stage"]),
            "urgency": row["urgency"] and Urgency(row["urgency"]).name,
            "urgencies": [Urgency(urgency).name for urgency in row["urgencies"]],
            "total": money(row["total_cents"]),
            "discount": money(row["discount_cents"], "USD"),
            "cents": str(row["total_cents"]),
            "helperIds": [global_id("Person", helper) for helper in row["helper_ids"]],
            "personId": global_id("Person", row["person_id"]),
            "key": str(row["id"]),
            "createdAt": stamp(row["created_at"]),
            **delivery,
            "delivery": delivery,
            "datedDelivery": delivery if due_on else None,
            "ofSome": row["stage"] in ("RECEIVED", "PLANNED"),
            "headline": f"{row['number']} is {row['stage'].lower()}",
        }

    def twin(self, row: Row) -> Row | None:
        others = [o for o in self.orders if o["person_id"] == row["person_id"] and o["id"] != row["id"]]
        lined = [o for o in others if any(line["order_id"] == o["id"] for line in self.lines)]
        newest = max(lined, key=lambda o: (o["created_at"], o["id"]), default=None)
        return newest and self.order(newest)

    def totals(self, lines: Iterable[Row]) -> list[Row]:
        sums: dict[str, int] = {}
        for line in lines:
            sums[line["sku"]] = sums.get(line["sku"], 0) + line["cents"]
        return [{"sku": sku, "total": money(cents)} for sku, cents in sorted(sums.items())]

    def largest(self, lines: list[Row]) -> Row | None:
        line = min(lines, key=lambda ln: (-ln["cents"], ln["id"]), default=None)
        return line and {"sku": line["sku"], "total": money(line["cents"])}

    def search(self, info: Any, text: str) -> list[Row]:
        hits = [(o["id"], self.order, o) for o in self.orders if text.lower() in o["number"].lower()]
        hits += [(p["id"], self.person, p) for p in self.people if text.lower() in p["name"].lower()]
        return [make(row) for _, make, row in sorted(hits, key=lambda hit: hit[0])]

    def since(self, info: Any, since: str | None = None, **arguments: Any) -> Row:
        start = datetime.fromisoformat(since) if since else None
        rows = [row for row in self.orders if start is None or row["created_at"] >= start]
        return self.page(rows, ORDER_SORTS, "created_at", True, self.order, "Order")(info, **arguments)

    def page(
        self,
        rows: list[Row],
        sorts: dict[str, Callable[[Row], Any]],
        default: str,
        descending: bool,
        make: Callable[[Row], Row],
        kind: str,
    ) -> Callable[..., Row]:
        def resolve(info: Any, filter: Any = None, orderBy: Any = None, **window: Any) -> Row:
            sort = orderBy["field"].lower() if orderBy else default
            backwards = orderBy.get("direction", "ASC") == "DESC" if orderBy else descending
            matching = [row for row in rows if matches(filter or {}, row, self.lines)]
            ordered = sorted(matching, key=lambda row: order_key(sorts[sort](row), row["id"]), reverse=backwards)
            points = [cursor(kind, sort, sorts[sort](row), row["id"]) for row in ordered]
            return cut(list(zip(points, map(make, ordered), strict=True)), **window)

        return resolve


def order_key(value: Any, row_id: UUID) -> tuple[Any, ...]:
    """NULL is the greatest."""
    return (1, 0, row_id) if value is None else (0, value, row_id)


def cut(
    items: list[tuple[str, Row]],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Row:
    """A page by the letter of the Relay specification; the cursors have to be those of items."""
    points = [point for point, _ in items]
    low = points.index(after) + 1 if after else 0
    high = points.index(before) if before else len(items)
    high = max(low, high)
    size = 50 if first is None and last is None else (first if last is None else last) or 0
    low, high = (max(low, high - size), high) if last is not None else (low, min(high, low + size))
    page = items[low:high]
    return {
        "totalCount": len(items),
        "nodes": [node for _, node in page],
        "edges": [{"cursor": point, "node": node} for point, node in page],
        "pageInfo": {
            "startCursor": page[0][0] if page else None,
            "endCursor": page[-1][0] if page else None,
            "hasNextPage": high < len(items),
            "hasPreviousPage": low > 0,
        },
    }


def matches(given: Row, row: Row, lines: list[Row]) -> bool:
    return all(value is None or TESTS[name](value, row, lines) for name, value in given.items())


def compare(test: Row, value: Any) -> bool:
    return all(operand is None or OPERATIONS[name](value, operand) for name, operand in test.items())


OPERATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, operand: value == operand,
    "in": lambda value, operand: value in operand,
    "gt": lambda value, operand: value is not None and value > operand,
    "gte": lambda value, operand: value is not None and value >= operand,
    "lt": lambda value, operand: value is not None and value < operand,
    "lte": lambda value, operand: value is not None and value <= operand,
    "contains": lambda value, operand: value is not None and operand.lower() in value.lower(),
    "startsWith": lambda value, operand: value is not None and value.lower().startswith(operand.lower()),
    "isNull": lambda value, operand: (value is None) == operand,
}

TESTS: dict[str, Callable[[Any, Row, list[Row]], bool]] = {
    "status": lambda test, row, lines: compare(test, row["stage"]),
    "number": lambda test, row, lines: compare(test, row["number"]),
    "note": lambda test, row, lines: compare(test, row["note"]),
    "rank": lambda test, row, lines: compare(test, row["rank"]),
    "sku": lambda test, row, lines: compare(test, row["sku"]),
    "createdAt": lambda test, row, lines: compare(
        {name: datetime.fromisoformat(text) for name, text in test.items()}, row["created_at"]
    ),
    "person": lambda test, row, lines: compare(test, global_id("Person", row["person_id"])),
    "paid": lambda value, row, lines: row["paid"] == value,
    "dearerThan": lambda value, row, lines: row["total_cents"] > int(value),
    "hasSku": lambda value, row, lines: any(ln["sku"] == value and ln["order_id"] == row["id"] for ln in lines),
    "tagged": lambda value, row, lines: bool(set(value) & set(row["tags"] or [])),
}
