"""With whom an execution is shared: those for whom row-level security reads the same settings, and nobody else."""

from api.live.routing import routes_of, routes_to
from api.live.rowscope import Catalog, read_catalog, row_scope
from domain.events.addressed import addressed_after
from tenants.actor import SETTINGS, SYSTEM
from tenants.audience import Audience
from tenants.engine import Database
from tenants.settings import Settings
from tests.asking import Asker
from tests.quoting import Market

IDS = "{ events(first: 250) { nodes { id } } }"


async def test_the_settings_that_a_statement_reads_are_found_in_the_policies(database: Database) -> None:
    catalog = await read_catalog(await database.pool(Audience.STAFF), Audience.STAFF)
    assert catalog.settings_read('SELECT number FROM "order"') == {"chargecars.entity_ids"}
    assert "chargecars.user_id" in catalog.settings_read("SELECT name FROM user_account")
    assert catalog.settings_read("SELECT 1") == frozenset()
    assert "chargecars.entity_ids" in catalog.settings_read("SELECT row_id FROM search_ids($1, $2, $3)")
    partner = await read_catalog(await database.pool(Audience.PARTNER), Audience.PARTNER)
    assert "chargecars.organization_id" in partner.settings_read('SELECT number FROM "order"')


def test_what_a_policy_names_is_followed_to_the_end() -> None:
    catalog = Catalog({"a": "EXISTS (SELECT 1 FROM b)", "b": "seen()", "seen": "current_setting('chargecars.user_id')"})
    assert catalog.settings_read("SELECT * FROM a") == {"chargecars.user_id"}
    assert catalog.settings_read("SELECT current_setting('chargecars.role', true) FROM c") == {"chargecars.role"}


async def test_colleagues_have_one_scope_and_others_another(m: Market) -> None:
    read = frozenset({"chargecars.entity_ids", "chargecars.organization_id"})
    scopes = {name: row_scope(actor, read, frozenset()) for name, actor in m.actors.items()}
    assert scopes["master"] == scopes["master_admin"]
    assert len({scopes[name] for name in ("staff", "dealer", "master", "customer")}) == 4
    everything = [row_scope(actor, SETTINGS, frozenset()) for actor in m.actors.values()]
    assert len(set(everything)) == len(everything)
    with_user = [row_scope(m.actors[name], read, ["user_id"]) for name in ("master", "master_admin")]
    assert with_user[0] != with_user[1]


async def test_an_event_is_routed_to_everybody_who_may_read_it(
    database: Database, settings: Settings, m: Market
) -> None:
    """Generously perhaps, but never to too few."""
    await m.ordered()
    async with database.session(SYSTEM) as session:
        events = [event for event in await addressed_after(session, 0, 100_000) if event.at.entity_id == m.entity.id]
    assert len(events) > 5
    for actor in (*m.actors.values(), SYSTEM):
        nodes = (await Asker(database, settings, actor).ask(IDS))["events"]["nodes"]
        routed = [event for event in events if {*routes_of(actor)} & {*routes_to(event)}]
        assert len(routed) >= sum(1 for _ in nodes) if actor is not SYSTEM else len(routed) == len(events)
