"""Every change of a state of onboarding is told of by an event in its own commit."""

from datetime import timedelta

import asyncpg

from domain.onboarding import deciding, documents, tasks
from domain.onboarding.documents import Given
from tenants.actor import SYSTEM
from tenants.engine import Database, role_password
from tenants.settings import Settings
from tests import told
from tests.domain.onboarding import world

OURS = ("onboarding", "partner_document", "partner_task", "agreement_signature", "price_rules", "sku_map_import")
POLICY = {"kind": "LIABILITY_INSURANCE", "content": b"%PDF-1", "insured_cents": 250_000_000}


async def test_the_log_knows_of_every_change(settings: Settings, story_database: str) -> None:
    database = Database(story_database, role_password(settings))
    owner = await asyncpg.connect(story_database)
    try:
        await told.watch(owner)
        await _a_story(database)
        silent = [str(each) for each in await told.untold(owner)]
        seen = {what for what, _ in await told.seen(owner)}
    finally:
        await owner.close()
        await database.close()
    assert {name for name in OURS[:3] if any(name in what for what in seen)} == set(OURS[:3])
    assert [each for each in silent if any(name in each for name in OURS)] == []


async def _a_story(database: Database) -> None:
    """Applied for, accepted, insured twice, looked at, rejected and reopened."""
    here = await world.make(database)
    row = await here.accepted(category="B2B_CONTRACTOR", orders_per_month=9)
    assert row.organization_id
    for days in (90, 400):
        given = Given(**POLICY, expires_on=tasks.today() + timedelta(days=days))
        async with database.session(SYSTEM) as session:
            added = await documents.add(session, here.admin, here.entity.id, row.organization_id, given)
        async with database.session(SYSTEM) as session:
            await documents.verify(session, here.admin, added.id)
    async with database.session(SYSTEM) as session:
        await documents.reconsider(session, here.admin, added.id)
    async with database.session(SYSTEM) as session:
        await deciding.reject(session, here.admin, row.id, "no references")
    async with database.session(SYSTEM) as session:
        await deciding.reopen(session, here.admin, row.id)
