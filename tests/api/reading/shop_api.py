"""The shop's rows, who asks, and how documents are executed."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from strawberry.types import ExecutionResult

from tenants.actor import Actor, actor
from tenants.audience import Audience
from tenants.engine import ReadConnection, connect_args, sqlalchemy_url
from tenants.permissions import Role
from tenants.ready_pool import ReadyPool
from tests.api.reading.shop_models import OrderStatus, Urgency
from tests.api.reading.shop_schema import schema

PASSWORD = "only-for-this-run"
PREFIX = "shop_"
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def key(name: str) -> UUID:
    """The same id for the same name in every run."""
    return uuid5(UUID(int=7), name)


BRANDS = [key("brand 0"), key("brand 1")]
DEALERS = [key("dealer 0"), key("dealer 1")]
PEOPLE = [key(f"person {number}") for number in range(8)]


def people() -> list[dict[str, Any]]:
    return [
        {"id": PEOPLE[n], "entity_id": BRANDS[n % 2], "name": f"Jansen {n} \"'\\ é", "is_company": n % 3 == 0}
        for n in range(8)
    ]


def orders() -> list[dict[str, Any]]:
    """Sixty orders with many equal and empty values in every column that can be ordered by."""
    chance = random.Random(7)
    return [_order(number, chance) for number in range(60)]


def _order(number: int, chance: random.Random) -> dict[str, Any]:
    brand = number % 2
    return {
        "id": key(f"order {number}"),
        "entity_id": BRANDS[brand],
        "person_id": PEOPLE[chance.randrange(4) * 2 + brand],
        "organization_id": chance.choice([None, *DEALERS]),
        "number": f"CC-2026-{number:05}",
        "stage": chance.choice(list(OrderStatus)),
        "urgency": chance.choice([None, *Urgency]),
        "urgencies": chance.choices(list(Urgency), k=number % 3),
        "note": chance.choice(
            [None, "", 'quote " backslash \\ newline \n tab \t é 漢 \u2028', "x' OR 1=1 --", "%", "_"]
        ),
        "total_cents": chance.choice([0, -5, 199, 2**60]),
        "discount_cents": chance.choice([None, 0, 250]),
        "weight": chance.choice([None, Decimal("0.000"), Decimal("12.500"), Decimal("12.345")]),
        "ratio": chance.choice([None, 0.1, 1e300, -2.5]),
        "rank": chance.choice([None, 1, 2, -3]),
        "paid": chance.random() < 0.5,
        "tags": chance.choice([None, [], ["a", 'b"', "c,d"]]),
        "helper_ids": chance.sample(PEOPLE, number % 3),
        "extra": chance.choice([None, {"a": [1, None, 'x\\"']}, {}]),
        "due_on": chance.choice([None, date(2026, 3, 2), date(2026, 12, 31)]),
        "due_at": chance.choice([None, time(9), time(17, 30, 1, 5)]),
        "created_at": START + timedelta(minutes=chance.randrange(12), microseconds=chance.choice([0, 0, 123456])),
    }


def lines(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "id": key(f"line {order['number']} {n}"),
            "order_id": order["id"],
            "entity_id": order["entity_id"],
            "position": n // 2,
            "sku": f"SKU-{n % 3}",
            "cents": 100 * n + 1,
            "cost_cents": 50 * n,
        }
        for number, order in enumerate(made)
        for n in range(number % 7)
    ]


def remarks() -> list[dict[str, Any]]:
    subjects = [("order", key("order 0")), ("person", PEOPLE[0]), ("order", key("nothing")), ("ghost", key("order 0"))]
    return [
        {
            "id": key(f"remark {n}"),
            "entity_id": BRANDS[0],
            "subject_kind": kind,
            "subject_id": id_,
            "text": f"remark {n}",
        }
        for n, (kind, id_) in enumerate(subjects)
    ]


class Rows:
    """The shop's rows, as plain dictionaries, for tests that compute what an answer has to be."""

    def __init__(self) -> None:
        self.shops = [{"id": brand, "name": f"Shop {number}"} for number, brand in enumerate(BRANDS)]
        self.people = people()
        self.orders = orders()
        self.lines = lines(self.orders)
        self.remarks = remarks()


class Pools:
    """The shop's connections, one pool per audience."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pools: dict[Audience, ReadyPool] = {}

    async def pool(self, audience: Audience) -> ReadyPool:
        if audience not in self.pools:
            self.pools[audience] = await ReadyPool.open(
                2, **connect_args(self.url, f"{PREFIX}{audience}", PASSWORD), connection_class=ReadConnection
            )
        return self.pools[audience]

    async def close(self) -> None:
        for pool in self.pools.values():
            await pool.close()


async def on_every_connection(pool: ReadyPool, statement: str) -> None:
    """Execute a statement on all connections that are open."""
    taken = [await pool.acquire() for _ in range(max(pool.get_size(), 1))]
    for connection in taken:
        await connection.execute(statement)
        await pool.release(connection)


@dataclass
class ShopContext:
    """`info.context` of the tests."""

    actor: Actor
    database: Pools
    spent: int = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        engine = create_async_engine(sqlalchemy_url(self.database.url, f"{PREFIX}{self.actor.audience}", PASSWORD))
        try:
            async with AsyncSession(engine, info={"actor": self.actor}) as session, session.begin():
                yield session
        finally:
            await engine.dispose()


class ShopApi:
    """Executes documents against the shop."""

    def __init__(self, pools: Pools, rows: Rows) -> None:
        self.pools = pools
        self.rows = rows

    async def execute(self, who: Actor, document: str, **variables: Any) -> ExecutionResult:
        context = ShopContext(who, self.pools)
        result = await schema.execute(document, variable_values=variables, context_value=context)
        assert isinstance(result, ExecutionResult)
        return result

    async def data(self, who: Actor, document: str, **variables: Any) -> Any:
        """The data of a document that has to succeed."""
        result = await self.execute(who, document, **variables)
        assert result.errors is None, result.errors
        return result.data

    async def error(self, who: Actor, document: str, **variables: Any) -> Any:
        """The only error of a document that has to fail."""
        result = await self.execute(who, document, **variables)
        assert result.errors is not None
        assert len(result.errors) == 1, result.errors
        return result.errors[0]


STAFF = actor(Role.OPERATIONS, BRANDS[0])
STAFF_OF_BOTH = actor(Role.OPERATIONS, *BRANDS)
PARTNER = actor(Role.PARTNER_USER, BRANDS[0], organization_id=DEALERS[0])
CUSTOMER = actor(Role.CUSTOMER, BRANDS[0], contact_id=PEOPLE[0])
ANONYMOUS = actor(Role.ANONYMOUS, BRANDS[0])
