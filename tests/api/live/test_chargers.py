"""Following chargers and commands: who owns it is told, whoever may only charge there is not."""

from datetime import UTC, datetime, timedelta

from domain.chargers import connections, statuses
from domain.chargers.models import ConnectorStatus, Protocol
from domain.chargers.reports import ConnectorReport
from domain.commands import delivery
from domain.commands.delivery import CommandAnswer
from domain.commands.models import CommandKind
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests import factories
from tests.api.live.serving import Served, emptied, login
from tests.asking import gid
from tests.parking import device, park

CHARGERS = """subscription($id: ID) { chargerUpdated(id: $id) {
  event { type } charger { id connected connectors { status } } } }"""
COMMANDS = "subscription { deviceCommandUpdated { event { type } command { kind status } } }"


async def test_an_owner_follows_its_charger_and_what_it_was_told(
    api: Served, database: Database, settings: Settings
) -> None:
    p = await park(database)
    async with database.session(SYSTEM) as session:
        await factories.brand(session, p.entity)
    charger = await p.public()
    who = [await login(database, settings, p.actors[name]) for name in ("owner", "driver")]
    async with api.client(who[0]) as owner, api.client(who[1]) as driver:
        asked = {"id": gid("Charger", charger.id)}
        followed, told = await owner.subscribe(CHARGERS, asked), await owner.subscribe(COMMANDS)
        hidden = await driver.subscribe(CHARGERS, asked)
        for client in (owner, driver):
            await client.live()
        async with database.session(SYSTEM) as session:
            await connections.connect(session, device(charger), Protocol.OCPP16, "", "here")
            free = ConnectorReport(1, ConnectorStatus.AVAILABLE, None, datetime.now(UTC))
            await statuses.report(session, charger.id, free)
            await connections.tell(session, held=timedelta(0))
        changes = await owner.updates(followed, 2)
        assert [change["event"]["type"] for change in changes] == ["charger.status_changed", "charger.connected"]
        assert changes[1]["charger"]["connected"]
        assert changes[1]["charger"]["connectors"][0]["status"] == "AVAILABLE"
        command = await p.command(charger, CommandKind.EMERGENCY_STOP)
        async with database.session(SYSTEM) as session:
            await delivery.claim(session, [charger.id], "here")
            await delivery.answer(session, charger.id, command.id, CommandAnswer(True))
        heard = await owner.updates(told, 3)
        assert [each["event"]["type"].split(".")[1] for each in heard] == ["requested", "sent", "acknowledged"]
        assert heard[2]["command"] == {"kind": "EMERGENCY_STOP", "status": "ACKNOWLEDGED"}
        await driver.live()
        assert not driver.heard.get(hidden)
    await emptied(api.live)
