"""Commands over GraphQL: in whose name a charger is told to start."""

import pytest

from domain.commands.models import DeviceCommand
from domain.sessions.models import IdToken
from tenants.actor import SYSTEM
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import codes, gid
from tests.factories import unique
from tests.parking import park
from tests.trading import Trader

SEND = """mutation C($input: SendChargerCommandInput!) { sendChargerCommand(input: $input) {
  command { id status } userErrors { code field } } }"""
REFUSED = [("PERMISSION_DENIED", ["parameters", "idToken"])]


@pytest.mark.parametrize(
    ("who", "whose", "refused"),
    [
        ("owner", "driver", REFUSED),
        ("owner", "", REFUSED),
        ("partner", "driver", REFUSED),
        ("owner", "owner", []),
        ("staff", "driver", []),
        ("technician", "driver", []),
    ],
)
async def test_nobody_outside_starts_in_the_name_of_another(
    database: Database, settings: Settings, who: str, whose: str, refused: list[tuple[str, list[str]]]
) -> None:
    """Whose token a charger is started with, pays; and the charger's owner earns."""
    p = await park(database)
    charger, token = await p.public(), unique("04").upper()
    if whose:
        async with database.session(SYSTEM) as session:
            contact_id = p.actors[whose].contact_id
            session.add(IdToken(entity_id=p.entity.id, contact_id=contact_id, token=token))
    start = {"chargerId": gid("Charger", charger.id), "kind": "START", "connector": 1}
    asked = start | {"parameters": {"idToken": token.lower()}}
    answer = (await Trader(database, settings, p.actors[who]).ask(SEND, input=asked))["sendChargerCommand"]
    assert codes(answer) == refused
    async with database.session(SYSTEM) as session:
        rows = await session.scalars(DeviceCommand.__table__.select().where(DeviceCommand.charger_id == charger.id))
        assert len(rows.all()) == (0 if refused else 1)
