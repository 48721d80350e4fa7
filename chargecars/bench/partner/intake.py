"""Orders as a partner's system sends them, and how they are asked for afterwards."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson

from chargecars.bench.client import Connection, Measured, Refused
from chargecars.bench.installation import Installation
from domain.partner_orders import integration, signing
from domain.partner_orders.models import IntegrationStatus
from domain.users import api_keys
from domain.users.api_keys import Wanted
from tenants.actor import SYSTEM
from tenants.engine import Database

_CODE = "groendus"
_SKUS = ("GRO-ALFEN-11", "GRO-INSTALL-1")
_SCOPES = ("partner-orders:submit", "orders:read")


@dataclass(frozen=True, slots=True)
class Sender:
    """A partner of the demo with keys, and the secret that it signs with."""

    entity_id: UUID
    organization_id: UUID
    host: str
    keys: tuple[str, ...]
    secret: str

    def order(self, number: str, place: int) -> bytes:
        """The request that sends an order."""
        body = orjson.dumps(_document(number, place))
        signed = signing.sign(self.secret, datetime.now(UTC), body)
        return self._request("POST", f"/partners/{_CODE}/orders", place, body, signed)

    def poll(self, number: str, place: int) -> bytes:
        """The request that asks for its status."""
        return self._request("GET", f"/orders/{number}/status", place, b"", {})

    def _request(self, method: str, path: str, place: int, body: bytes, headers: dict[str, str]) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self.host}",
            f"Authorization: Bearer {self.keys[place % len(self.keys)]}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _document(number: str, place: int) -> dict[str, object]:
    return {
        "partner_order_id": number,
        "customer": {
            "name": f"Sanne de Boer {place}",
            "email": f"{number.lower()}@example.nl",
            "phone": "0612345678",
            "address": {
                "street": "Dorpsstraat",
                "house_number": str(place % 900 + 1),
                "postal_code": "3861AA",
                "city": "Nijkerk",
            },
        },
        "products": [{"partner_sku": sku, "quantity": 1} for sku in _SKUS],
        "partner_references": {"purchase_order": f"PO-{place}"},
    }


async def sender(place: Installation, owner: "asyncpg.Connection[Any]", database: Database, keys: int) -> Sender:
    """The partner with fresh keys and a fresh secret, no limit below what is measured."""
    row = await owner.fetchrow(
        "SELECT e.id AS entity_id, c.id AS organization_id, b.host FROM business_entity e "
        "JOIN brand b ON b.entity_id = e.id CROSS JOIN contact c WHERE e.code = 'CC' AND c.partner_code = $1",
        _CODE,
    )
    assert row is not None
    await owner.execute(
        "UPDATE agreement SET terms = terms - 'requests_per_minute' - 'orders_per_day' WHERE organization_id = $1",
        row["organization_id"],
    )
    async with database.session(SYSTEM) as session:
        kept = await integration.of(session, row["entity_id"], row["organization_id"])
        kept.status, kept.requests_per_minute = IntegrationStatus.LIVE.value, 60_000
        kept.signature_required = True
        secret = (await signing.rotate(session, place.settings, kept)).secret
        wanted = Wanted("Bench", _SCOPES, row["entity_id"], row["organization_id"])
        made = tuple([(await api_keys.create(session, SYSTEM, wanted)).shown_once for _ in range(keys)])
    return Sender(row["entity_id"], row["organization_id"], row["host"], made, secret)


async def send(place: Installation, by: Sender, many: int, *, at_once: int) -> tuple[Measured, list[str]]:
    """So many new orders, and their numbers; warm-up not counted. Raises: Refused."""
    opened = [Connection(place.host, place.port) for _ in range(at_once)]
    run = uuid4().hex[:8].upper()
    warm = [f"GRO-{run}-W{each}" for each in range(2 * at_once)]
    numbers = [f"GRO-{run}-{each:05d}" for each in range(many)]
    try:
        await _share(opened, [by.order(number, at) for at, number in enumerate(warm)], 201)
        requests = [by.order(number, at) for at, number in enumerate(numbers)]
        began = time.perf_counter()
        latencies = await _share(opened, requests, 201)
        return Measured(latencies, time.perf_counter() - began), numbers
    finally:
        await asyncio.gather(*(each.close() for each in opened))


async def poll(place: Installation, by: Sender, numbers: list[str], *, at_once: int) -> Measured:
    """The status of each, once: more often than once a minute it is refused. Raises: Refused."""
    opened = [Connection(place.host, place.port) for _ in range(at_once)]
    try:
        began = time.perf_counter()
        latencies = await _share(opened, [by.poll(number, at) for at, number in enumerate(numbers)], 200)
        return Measured(latencies, time.perf_counter() - began)
    finally:
        await asyncio.gather(*(each.close() for each in opened))


async def _share(opened: list[Connection], requests: list[bytes], expected: int) -> list[float]:
    """Each connection takes the next request as soon as it has an answer."""
    left, latencies = iter(requests), []

    async def one(connection: Connection) -> None:
        for request in left:
            began = time.perf_counter()
            status, body = await connection.send(request)
            latencies.append(time.perf_counter() - began)
            if status != expected:
                raise Refused(f"{status}: {body[:500].decode(errors='replace')}")

    await asyncio.gather(*map(one, opened))
    return latencies
