"""What is left of an owner who asked to be erased."""

import pytest

from domain.chargers import registry
from domain.commands.models import CommandKind
from domain.contacts import privacy
from domain.contacts.errors import HasOpenOrders
from tenants.actor import SYSTEM
from tenants.engine import Database
from tests.parking import park


async def test_an_owner_is_erased_when_its_charger_is_retired(database: Database) -> None:
    p = await park(database)
    charger = await p.charger(name="Thuis", location=registry.Location("Dorpsstraat 1", "3861AA", "Nijkerk"))
    command = await p.command(charger, CommandKind.START, 1, parameters={"idToken": "04AABBCC"}, by="owner")
    with pytest.raises(HasOpenOrders):
        async with database.session(SYSTEM) as session:
            await privacy.erase(session, p.actors["staff"], p.owner.id)
    async with database.session(p.actors["staff"]) as session:
        await registry.retire(session, charger.id, "Moved")
    async with database.session(SYSTEM) as session:
        await privacy.erase(session, p.actors["staff"], p.owner.id)
    row = await p.row(charger.id)
    assert (row.owner_contact_id, row.name, row.street, row.city) == (None, "", "", "")
    assert (await p.command_row(command.id)).owner_contact_id is None
