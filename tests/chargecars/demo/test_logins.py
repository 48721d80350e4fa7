"""Who can log in, and what they find."""

from sqlalchemy import select

from chargecars.demo import logins
from domain.quotes.models import Quote
from domain.visits.models import Visit
from tenants.actor import actor
from tenants.auth.passwords import verify_password
from tenants.engine import Database
from tenants.permissions import Role
from tests.chargecars.demo.rows import Connection


async def test_printed_logins_work_at_their_portal(rows: Connection) -> None:
    hashes = set()
    for login in logins():
        found = await rows.fetchrow(
            "SELECT u.password_hash FROM user_account u JOIN membership m ON m.user_id = u.id LEFT JOIN brand b ON "
            "b.entity_id = m.entity_id WHERE u.email = $1 AND m.role = $2 AND (b.host = $3 OR m.entity_id IS NULL)",
            login.email,
            login.role,
            f"{login.portal}.localhost",
        )
        assert found is not None, login.email
        hashes.add(found["password_hash"])
    assert len(hashes) == 1
    assert (await verify_password(logins()[0].password, hashes.pop()))[0]


async def test_the_printed_customer_has_quotes_to_sign_and_orders(rows: Connection) -> None:
    query = "SELECT {} FROM {} t JOIN contact c ON c.id = t.end_customer_contact_id WHERE c.email = $1"
    email = "klant@laderthuis.example"
    statuses = {row[0] for row in await rows.fetch(query.format("status", "quote"), email)}
    assert {"SENT", "ORDERED"} <= statuses
    assert len(await rows.fetch(query.format("number", '"order"'), email)) >= 2


async def test_the_printed_partner_has_quotes_to_sign_below_it(rows: Connection) -> None:
    pending = await rows.fetch(
        "SELECT q.account_contact_id = g.id AS own FROM quote q JOIN contact g ON g.partner_code = 'groendus' AND "
        "q.account_chain_ids @> ARRAY[g.id] WHERE q.status IN ('SENT', 'PARTIALLY_SIGNED') "
        "AND 'PARTNER' = ANY (q.pending_parties)"
    )
    assert {row["own"] for row in pending} == {True, False}


async def test_each_audience_sees_its_part(rows: Connection, demo: Database) -> None:
    groendus = await rows.fetchrow("SELECT id, entity_ids FROM contact WHERE partner_code = 'groendus'")
    assert groendus is not None
    sent = await rows.fetchval(
        "SELECT count(*) FROM quote WHERE channel_organization_ids @> ARRAY[$1::uuid] AND sent_at IS NOT NULL",
        groendus["id"],
    )
    seen = actor(Role.PARTNER_USER, *groendus["entity_ids"], organization_id=groendus["id"])
    async with demo.session(seen) as session:
        assert len((await session.scalars(select(Quote.id))).all()) == sent > 100
    team = await rows.fetchrow("SELECT team_id, count(*) FROM visit WHERE team_id IS NOT NULL GROUP BY 1 LIMIT 1")
    assert team is not None
    async with demo.session(actor(Role.TECHNICIAN, team_id=team["team_id"])) as session:
        assert len((await session.scalars(select(Visit.id))).all()) == team["count"]
