"""A connector that is followed: its newest point, as soon as it is stored, to who sees the charger."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from api.reading.ids import global_id
from domain.devices.ingest import Ingest
from domain.telemetry.readings import Reading
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.api.live.serving import Served, emptied, login, until
from tests.parking import Park, park

FOLLOW = """subscription Follow($id: ID!, $resolution: TelemetryResolution!) {
  telemetry(chargerId: $id, connector: 1, resolution: $resolution)
  { at sequence readings averagePowerW registerWh } }"""
AT = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=1)


async def parked(database: Database) -> Park:
    p = await park(database)
    async with database.session(SYSTEM) as session:
        await factories.brand(session, p.entity)
    return p


def measured(charger_id: Any, second: int, **values: Any) -> Reading:
    return Reading(charger_id, 1, AT + timedelta(seconds=second), second, 0, 1_000 + second, 7_000 + second)


async def test_readings_reach_who_follows_the_charger_and_nobody_else(
    api: Served, database: Database, settings: Settings
) -> None:
    p = await parked(database)
    charger = await p.charger()
    asked = {"id": global_id("Charger", charger.id), "resolution": "RAW"}
    who = [await login(database, settings, p.actors[name]) for name in ("staff", "owner", "driver")]
    async with (
        Ingest(database, settings) as ingest,
        api.client(who[0]) as staff,
        api.client(who[1]) as owner,
        api.client(who[2]) as driver,
    ):
        await ingest.put([measured(charger.id, 0)])
        raw = await staff.subscribe(FOLLOW, asked)
        again = await staff.subscribe(FOLLOW, asked)
        minute = await owner.subscribe(FOLLOW, asked | {"resolution": "MINUTE"})
        hidden = await driver.subscribe(FOLLOW, asked)
        (first,) = await staff.updates(raw, 1)
        assert (first["sequence"], first["averagePowerW"], first["registerWh"]) == (0, 7_000, "1000")
        assert await staff.updates(again, 1) == [first]
        assert [point["readings"] for point in await owner.updates(minute, 1)] == [1]
        for client in (staff, owner, driver):
            await client.live()
        began = time.monotonic()
        await ingest.put([measured(charger.id, 2), measured(charger.id, 1)])
        for id in (raw, again):
            (point,) = await staff.updates(id, 1)
            assert (point["sequence"], point["at"]) == (2, (AT + timedelta(seconds=2)).isoformat()[:-6] + "Z")
        assert [point["readings"] for point in await owner.updates(minute, 1)] == [3]
        assert time.monotonic() - began < 5
        await driver.live()
        assert not driver.heard.get(hidden)
        rings = api.live.hub._rings
        assert {len(followers) for followers in rings._followers.values()} == {3}
    await emptied(api.live)
    await until(lambda: rings._task is None)


async def test_a_connection_to_redis_that_ends_is_made_again(
    api: Served, database: Database, settings: Settings
) -> None:
    p = await parked(database)
    charger = await p.charger()
    asked = {"id": global_id("Charger", charger.id), "resolution": "RAW"}
    async with (
        Ingest(database, settings) as ingest,
        api.client(await login(database, settings, p.actors["staff"])) as staff,
    ):
        await ingest.put([measured(charger.id, 0)])
        id = await staff.subscribe(FOLLOW, asked)
        await staff.updates(id, 1)
        async with Redis.from_url(settings.redis_url) as redis:
            await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await ingest.put([measured(charger.id, 1)])
        assert [point["sequence"] for point in await staff.updates(id, 1)] == [1]
    await emptied(api.live)
