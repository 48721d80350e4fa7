"""Places that were told before are for all whose customers the team visited that day."""

from typing import Any

import asyncpg
from sqlalchemy import text

from domain.planning.arrival import moment
from migrations.run import upgrade
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests.domain.events.test_migration import to
from tests.visiting import monday, planned, work

DAY = monday()


async def test_places_of_before_are_for_all_entities_of_their_day(fresh_database: Any, settings: Settings) -> None:
    url = await fresh_database()
    database, owner = Database(url, role_password(settings)), await asyncpg.connect(url)
    try:
        some = await work(database)
        team = await some.team()
        for entity in (0, 1):
            await some.visits(entity=entity, **planned(team, DAY, at=500 + 200 * entity, order=entity))
        own, other = (each.entity.id for each in some.markets)
        await to(url, "0020")
        for at, entity_id in ((600, own), (600 + 24 * 60, own), (600 + 48 * 60, None)):
            row = (team, moment(DAY, at), 52.1, 5.1, entity_id)
            await owner.execute("INSERT INTO team_track VALUES ($1, $2, $3, $4, $5)", *row)
        await upgrade(url, role_password(settings))
        async with database.session(SYSTEM) as session:
            kept = await session.scalars(text("SELECT entity_ids FROM team_track ORDER BY at"))
            assert kept.all() == [sorted([own, other]), [own], []]
    finally:
        await owner.close()
        await database.close()
