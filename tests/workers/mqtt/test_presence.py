"""Who is connected to a broker that is not ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.chargers import connections
from domain.chargers.models import Charger, DeviceConnection, Protocol
from domain.devices.ingest import Ingest
from domain.devices.port import Port
from tenants.actor import SYSTEM, Actor
from tenants.engine import Database
from tenants.settings import Settings
from tests.parking import device, park
from workers.mqtt.brokers import Remote
from workers.mqtt.presence import SILENT, Presences
from workers.mqtt.process import OVER_BROKER


@pytest.fixture
async def port(database: Database) -> AsyncIterator[Port]:
    async with Ingest(database) as ingest:
        yield Port(database, ingest, OVER_BROKER)


async def test_who_is_silent_without_a_last_will_is_not_kept_connected(database: Database, port: Port) -> None:
    p = await park(database)
    gone, here = await p.charger(), await p.charger()
    for each in (gone, here):
        await port.connected(device(each), Protocol.MQTT, "")
    long_ago = datetime.now(UTC) - SILENT - timedelta(seconds=1)
    async with database.session(SYSTEM) as session:
        await session.execute(update(Charger).where(Charger.id == gone.id).values(last_seen_at=long_ago))
        await session.execute(
            update(DeviceConnection).where(DeviceConnection.charger_id == gone.id).values(seen_at=long_ago)
        )
    presences = Presences(database, port, lambda: None)
    await presences.refresh()
    assert presences.connected & {gone.id, here.id} == {here.id}
    async with database.session(SYSTEM) as session:
        await connections.hold(session, OVER_BROKER, presences.connected)
        await connections.end_lost(session)
    assert [(await p.row(each.id)).connected for each in (gone, here)] == [False, True]
    port._noted = 0.0  # it is written down who was heard of
    await presences.heard(device(gone), None)
    await presences.heard(device(gone), None)
    assert (await p.row(gone.id)).connected, "it speaks again"


async def test_commands_are_written_in_the_order_in_which_they_were_claimed(
    database: Database, port: Port, settings: Settings
) -> None:
    given = settings.model_copy(update={"mqtt_url": "mqtt://platform:secret@127.0.0.1:1"})
    p, opened, looked_up = await park(database), list[int](), list[str]()
    one = await p.charger()

    class Slow:
        """The first look takes longer than those that come after it."""

        @asynccontextmanager
        async def session(self, actor: Actor) -> AsyncIterator[AsyncSession]:
            opened.append(len(opened))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1 if len(opened) == 1 else 0):
                    while len(looked_up) < 2:  # noqa: ASYNC110  # until the others have overtaken it
                        await asyncio.sleep(0.001)
            async with database.session(actor) as session:
                yield session

    remote = Remote(port, cast(Database, Slow()), given, lambda: None)

    async def write(number: str) -> None:
        await remote.identity(one.id)
        looked_up.append(number)

    await asyncio.gather(*map(write, ("7 kW", "4 kW", "2 kW")))
    assert looked_up == ["7 kW", "4 kW", "2 kW"]
