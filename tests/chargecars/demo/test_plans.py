"""The plan of every root list in its default order, for every audience: a walk along an index to the end of the page.

At scale 1 PostgreSQL is free to read a small table whole, so that is made dear: what still does it has no other way.
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from api.reading.schema import permission_of
from api.schema import platform_schema
from chargecars.bench.audiences import AUDIENCES, actors
from chargecars.bench.documents import PAGE, TABLES, root_lists
from chargecars.bench.plans import SMALL_TABLE, explain, explained
from tenants.actor import Actor
from tenants.engine import connect_args, role_password
from tenants.settings import Settings
from tests.chargecars.demo.rows import Connection

MOST_ROWS = 20 * PAGE
"""That a page may look at: a list of five entities is walked past what is not seen."""
SCHEMA = platform_schema("a secret of these tests")
LISTS = sorted(root_lists(SCHEMA._schema))


@pytest.fixture(scope="session")
async def who(demo_url: str, loaded: Any) -> dict[str, Actor]:
    connection = await asyncpg.connect(demo_url)
    try:
        return await actors(connection)
    finally:
        await connection.close()


@pytest.fixture
async def as_role(
    request: pytest.FixtureRequest, who: dict[str, Actor], demo_url: str, settings: Settings
) -> AsyncIterator[tuple[Actor, Connection]]:
    """An actor and a connection of its audience for which reading whole tables is dear."""
    actor = who[request.param]
    connection = await asyncpg.connect(
        **connect_args(demo_url, actor.audience.database_role, role_password(settings)),
        server_settings={"enable_seqscan": "off", "jit": "off"},
    )
    yield actor, connection
    await connection.close()


def test_every_root_list_is_known_to_the_benchmark() -> None:
    assert set(TABLES) == set(LISTS)


@pytest.mark.parametrize("as_role", AUDIENCES, indirect=True)
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_is_a_walk_along_an_index(as_role: tuple[Actor, Connection], name: str) -> None:
    if not as_role[0].may(permission_of(root_lists(SCHEMA._schema)[name])):
        return
    found = await explain(SCHEMA, *as_role, name)
    assert found.tables_read_whole() == set()
    assert found.sorted_rows() <= max(PAGE + 1, SMALL_TABLE)
    assert found.rows_looked_at() <= MOST_ROWS


@pytest.mark.parametrize("as_role", ["platform"], indirect=True)
async def test_a_sort_and_a_whole_table_are_noticed(as_role: tuple[Actor, Connection]) -> None:
    _, connection = as_role
    await connection.execute("SET enable_seqscan = on")
    await connection.execute("SET chargecars.audience = 'system'")
    text = await connection.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM contact ORDER BY name || id")
    found = explained(text)
    assert found.tables_read_whole() == {"contact"}
    assert found.sorted_rows() > MOST_ROWS
    assert found.rows_looked_at() > MOST_ROWS
    assert not found.is_a_walk()
